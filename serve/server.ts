import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tasks } from "../src/tasks/index.ts";
import { type App, createApp, describedRoutes } from "./app.ts";
import { createBatcher } from "./batcher.ts";
import { createAnswerCache } from "./cache.ts";
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { createRegistry } from "./registry.ts";
import { createRunner } from "./runner.ts";
import { createAccess } from "./security/access.ts";
import { limitConnections, socketOptions } from "./security/socket-limits.ts";
import { startTracing } from "./tracing.ts";

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
 * Puts the parts together and listens. Probes answer at once, texts when `loaded` has come true.
 * @param entry the threads' script, where it is not the standard one.
 */
export async function startServer(config: Config, log: Log, entry?: URL): Promise<RunningServer> {
  const routes = describedRoutes().map(({ path, method }) => ({ route: path, method }));
  const metrics = createMetrics({ tasks: tasks.map((task) => task.name), routes });
  const access = createAccess(config, log);
  const tracing = await startTracing(config, log);
  const server = createServer(socketOptions(config));
  limitConnections(server, config);
  await listen(server, config);
  const runTimeoutMs = config.runTimeoutSeconds * 1000;
  const runner = createRunner({ workers: config.workers, runTimeoutMs, log, ...(entry && { entry }) });
  const { queueLimit, batchTokens, maxTokens, pollSeconds } = config;
  const batcher = createBatcher({ runner, metrics, queueLimit, batchTokens });
  const registry = createRegistry({ folder: config.models, runner, metrics, log, maxTokens, pollSeconds });
  const cache = createAnswerCache(config.cacheEntries, metrics);
  const { cascade } = config;
  const app: App = {
    config,
    log,
    metrics,
    runner,
    batcher,
    registry,
    cache,
    cascade,
    access,
    tracing,
    state: { started: false, draining: false },
  };
  server.on("request", createApp(app));
  return {
    url: urlOf(server, config),
    app,
    loaded: loadStudents(app),
    drain: (delayMs) => drain(server, app, delayMs, config.drainSeconds * 1000),
  };
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
  app.access.close();
  const ended = Promise.all([app.runner.close(), app.tracing?.close()]).then(() => clean);
  return await Promise.race([ended, new Promise<false>((resolve) => setTimeout(() => resolve(false), 1000).unref())]);
}
