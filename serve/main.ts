import { ConfigError } from "../src/errors.ts";
import { type Config, readConfig } from "./config.ts";
import { createLog, type Log } from "./log.ts";
import { type RunningServer, startServer } from "./server.ts";
import { helpText } from "./settings-text.ts";

/** Starts the server: settings, socket, students, signals. Exit codes: 2 wrong settings, 1 cannot start, 0 asked to end. */

/** What went wrong last: the reason why a server cannot start. */
let lastError: string | undefined;
const args = process.argv.slice(2);

if (args.includes("--help") || args.includes("-h")) console.log(helpText());
else await start(args).catch(fail);

async function start(flags: readonly string[]): Promise<void> {
  const config = readConfig(flags);
  const log = keepLastError(createLog(process.stdout, config.logLevel));
  const server = await startServer(config, log);
  endOnSignal(server, config, log);
  await server.loaded;
  const students = server.app.registry.students();
  if (server.app.state.draining) return;
  if (students.length === 0)
    throw new Error(`no student in ${config.models} (KDNAS_MODELS) can be served: ${lastError ?? "there is none"}`);
  const seconds = (performance.now() / 1000).toFixed(2);
  const names = students.map((student) => student.manifest.name).join(", ");
  log.info(`kdnas ready on ${server.url} after ${seconds} s with ${names}`);
}

function keepLastError(log: Log): Log {
  const error: Log["error"] = (line, fields) => {
    lastError = line;
    log.error(line, fields);
  };
  return { ...log, error };
}

/** An orchestrator's signal leaves time for it to stop sending; Ctrl-C does not wait; a second signal ends at once. */
function endOnSignal(server: RunningServer, config: Config, log: Log): void {
  const end = async (signal: NodeJS.Signals) => {
    if (server.app.state.draining) process.exit(1);
    log.info(`${signal}: finishing what runs`);
    const clean = await server.drain(signal === "SIGTERM" ? config.drainDelaySeconds * 1000 : 0);
    log.info(clean ? "done" : `not done after ${config.drainSeconds} s, ending all the same`);
    process.exit(clean ? 0 : 1);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}

function fail(cause: unknown): never {
  const { message, code } = cause as NodeJS.ErrnoException;
  const inUse = code === "EADDRINUSE";
  console.error(inUse ? `kdnas: ${message.replace("listen EADDRINUSE: ", "")}; set PORT` : `kdnas: ${message}`);
  process.exit(cause instanceof ConfigError ? 2 : 1);
}
