import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { App } from "./app.ts";
import type { Config } from "./config.ts";
import { createRunner } from "./engine/runner.ts";
import type { Log } from "./log.ts";
import { limitConnections, socketOptions } from "./security/socket-limits.ts";
import { createStudentReader } from "./students/student-reader.ts";

/** A listening server and its end. */
export interface RunningServer {
  readonly url: string;
  readonly app: App;
  /** Resolves when the students that are there have been loaded or have failed. */
  readonly loaded: Promise<void>;
  /** Answers "not ready" for `delayMs` while it still accepts, then finishes what runs; false when the cap cut it short. */
  drain(delayMs: number): Promise<boolean>;
}

/**
 * Puts the parts together and listens. Probes answer at once, texts when `loaded` has come true. Threads come first and
 * routes last: the modules of each take time, and so they are loaded, and students read, at the same time.
 * @param entry the threads' script, where it is not the standard one.
 */
export async function startServer(config: Config, log: Log, entry?: URL): Promise<RunningServer> {
  const runTimeoutMs = config.runTimeoutSeconds * 1000;
  const runner = createRunner({ workers: config.workers, runTimeoutMs, log, ...(entry && { entry }) });
  const reader = createStudentReader();
  reader.prepare();
  const { createParts } = await import("./parts.ts");
  const app = await createParts(config, log, runner, reader);
  const loaded = loadStudents(app);
  const server = createServer(socketOptions(config));
  limitConnections(server, config);
  try {
    await serve(server, app, config);
  } catch (cause) {
    await close(app);
    throw cause;
  }
  const capMs = config.drainSeconds * 1000;
  return { url: urlOf(server, config), app, loaded, drain: (delayMs) => drain(server, app, delayMs, capMs) };
}

async function serve(server: Server, app: App, config: Config): Promise<void> {
  const { createApp, describedRoutes } = await import("./app.ts");
  app.metrics.expectRoutes(describedRoutes());
  server.on("request", createApp(app));
  await listen(server, config);
}

async function loadStudents({ registry, state }: App): Promise<void> {
  await registry.scan();
  state.started = true;
  if (!state.draining) registry.watch();
}

/** @throws the listening error, such as EADDRINUSE. */
function listen(server: Server, { port, host }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function urlOf(server: Server, { host }: Config): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function drain(server: Server, app: App, delayMs: number, capMs: number): Promise<boolean> {
  app.state.draining = true;
  app.registry.close();
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  const closed = new Promise<true>((resolve) => server.close(() => resolve(true)));
  // A connection that was busy when the socket closed turns idle later, and would then keep it open.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const capped = new Promise<false>((resolve) => setTimeout(() => resolve(false), capMs).unref());
  const clean = await Promise.race([closed, capped]);
  clearInterval(sweep);
  if (!clean) server.closeAllConnections();
  const ended = close(app).then(() => clean);
  return await Promise.race([ended, new Promise<false>((resolve) => setTimeout(() => resolve(false), 1000).unref())]);
}

async function close({ registry, access, runner, tracing, feedback }: App): Promise<void> {
  registry.close();
  access.close();
  await Promise.all([runner.close(), tracing?.close(), feedback?.store.close()]);
}
