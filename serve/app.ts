import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import express from "express";
import helmet from "helmet";
import type { Config } from "./config.ts";
import { sendError } from "./error-reply.ts";
import { MethodNotAllowedError, RouteNotFoundError } from "./http-errors.ts";
import type { Log } from "./log.ts";
import type { Predictor } from "./predict.ts";
import { operationPaths, operationRoutes } from "./routes/operations.ts";
import { type HotRoute, predictRoutes } from "./routes/predict.ts";

/** All that routes work with. */
export interface App extends Predictor {
  readonly config: Pick<Config, "maxItems" | "bodyLimitBytes">;
  readonly log: Log;
  /** The life of the process, as the probes tell it. */
  readonly state: { started: boolean; draining: boolean };
}

/** Routes and methods, whose series exist in the metrics from the start. */
export function knownRoutes(): { route: string; method: string }[] {
  return [
    ...predictRoutes().map(({ path }) => ({ route: path, method: "POST" })),
    ...operationPaths.map((route) => ({ route, method: "GET" })),
  ];
}

/**
 * The server without its socket. Routes that texts come by are looked up here and read their bodies themselves; passing
 * through Express, its parser and its middleware would cost them more than the smallest student does. All else is
 * Express's.
 */
export function createApp(app: App): RequestListener {
  const hot = new Map(predictRoutes().map((route) => [route.path, route]));
  const known = new Set(knownRoutes().map(({ route }) => route));
  const rest = createExpress(app);
  return (req, res) => {
    const started = performance.now();
    const path = pathOf(req);
    // "close" also comes when the client left before the end.
    res.once("close", () => {
      const code = res.writableFinished ? res.statusCode : 499;
      app.metrics.http(known.has(path) ? path : "unmatched", methodOf(req), code, performance.now() - started);
    });
    if (app.state.draining) res.setHeader("connection", "close");
    const route = hot.get(path);
    if (route === undefined) rest(req, res);
    else void answerHot(app, route, req, res);
  };
}

async function answerHot(app: App, route: HotRoute, req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    for (const [name, value] of securityHeaders) res.setHeader(name, value);
    if (req.method !== "POST") throw new MethodNotAllowedError("POST");
    await route.answer(app, req, res);
  } catch (cause) {
    sendError(res, cause, app.log);
  }
}

function createExpress(app: App): express.Express {
  const rest = express();
  rest.disable("x-powered-by");
  rest.use((_req, res, next) => {
    for (const [name, value] of securityHeaders) res.setHeader(name, value);
    next();
  });
  rest.use(operationRoutes(app));
  rest.use(() => {
    throw new RouteNotFoundError("there is no such route");
  });
  rest.use((cause: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    sendError(res, cause, app.log);
  });
  return rest;
}

/** Helmet's headers never change, so they are asked for once and not on every request. */
const securityHeaders = readHelmetHeaders();

function readHelmetHeaders(): (readonly [string, string])[] {
  const headers: (readonly [string, string])[] = [];
  const recorder = { setHeader: (name: string, value: string) => headers.push([name, value]), removeHeader: () => {} };
  helmet({ contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] }, useDefaults: false } })(
    {} as IncomingMessage,
    recorder as unknown as ServerResponse,
    () => {},
  );
  return headers;
}

function pathOf(req: IncomingMessage): string {
  const url = req.url ?? "/";
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

/** Methods that nobody has heard of would each make a series. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

function methodOf(req: IncomingMessage): string {
  return methods.has(req.method ?? "") ? (req.method as string) : "other";
}
