import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import express from "express";
import helmet from "helmet";
import type { Predictor } from "./answering/answer.ts";
import type { Config } from "./config.ts";
import { sendError } from "./http/error-reply.ts";
import { MethodNotAllowedError, RouteNotFoundError } from "./http/http-errors.ts";
import { requestIdOf } from "./http/request-id.ts";
import type { Log } from "./log.ts";
import { docsRouter } from "./openapi/docs-page.ts";
import { hotRoutes } from "./routes/hot-routes.ts";
import { createOperationsRouter, operationRoutes, routeOf } from "./routes/operations.ts";
import type { DescribedRoute, HotRoute } from "./routes/route.ts";
import { createRouteTable, errorsBelow, type Match } from "./routes/route-table.ts";
import { type Access, byOf } from "./security/access.ts";
import type { Tracing } from "./tracing.ts";

/** All that routes work with. */
export interface App extends Predictor {
  readonly config: Pick<Config, "maxItems" | "bodyLimitBytes" | "predictTask" | "driftWindowSeconds">;
  readonly log: Log;
  readonly access: Access;
  /** @default no traces */
  readonly tracing?: Tracing | undefined;
  /** The life of the process, as the probes tell it. */
  readonly state: { started: boolean; draining: boolean };
}

/** Every route that is documented. */
export function describedRoutes(): DescribedRoute[] {
  return [...hotRoutes(), ...operationRoutes()];
}

/**
 * The server without its socket. Routes that texts come by are looked up here and read their bodies themselves; passing
 * through Express, its parser and its middleware would cost them more than the smallest student does. All else is
 * Express's.
 */
export function createApp(app: App): RequestListener {
  const hot = createRouteTable(hotRoutes());
  const operations = new Set(["/docs", ...operationRoutes().map((route) => route.path)]);
  const rest = createExpress(app);
  return (req, res) => {
    const started = performance.now();
    const path = pathOf(req);
    const match = hot.find(path);
    const requestId = requestIdOf(req);
    res.setHeader("x-request-id", requestId);
    // "close" also comes when the client left before the end.
    res.once("close", () => {
      const code = res.writableFinished ? res.statusCode : 499;
      // Of a path with parameters its pattern, or every model would make a series. Express may match in other ways than we do.
      const route = match?.path ?? routeOf(res) ?? (operations.has(path) ? path : "unmatched");
      const done = { route, method: methodOf(req), code, tookMs: performance.now() - started, requestId };
      app.metrics.http(route, done.method, code, done.tookMs);
      record(app, req, res, done);
    });
    if (app.state.draining) res.setHeader("connection", "close");
    if (match === undefined) rest(req, res);
    else void answerHot(app, match, req, res);
  };
}

interface Done {
  readonly route: string;
  readonly method: string;
  readonly code: number;
  readonly tookMs: number;
  readonly requestId: string;
}

/** A trace of the request; a line of it for who debugs, and of calls that change the server in any case. */
function record(app: App, req: IncomingMessage, res: ServerResponse, done: Done): void {
  app.tracing?.record({
    ...done,
    traceparent: asText(req.headers.traceparent),
    serverTiming: asText(res.getHeader("server-timing")),
  });
  const { log } = app;
  if (done.route.startsWith("/admin/")) log.info("audit", { ...done, address: req.socket.remoteAddress, ...byOf(req) });
  else if (log.debugs) log.debug("request", { ...done, ...byOf(req) });
}

function asText(header: unknown): string | undefined {
  return typeof header === "string" ? header : undefined;
}

async function answerHot(app: App, match: Match, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const route = match.routes.find(({ method }) => method === (req.method === "HEAD" ? "GET" : req.method));
  try {
    for (const [name, value] of securityHeaders) res.setHeader(name, value);
    if (route === undefined) throw new MethodNotAllowedError(methodsOf(match.routes));
    app.access.admit(req, res, route);
    await route.answer(app, req, res, match.parameters());
  } catch (cause) {
    // Routes that share a path are of one API.
    sendError(res, cause, app.log, (route ?? match.routes[0])?.errors);
  }
}

function methodsOf(routes: readonly HotRoute[]): string {
  return routes.map(({ method }) => (method === "GET" ? "GET, HEAD" : method)).join(", ");
}

function createExpress(app: App): express.Express {
  const rest = express();
  rest.disable("x-powered-by");
  rest.use((_req, res, next) => {
    for (const [name, value] of securityHeaders) res.setHeader(name, value);
    next();
  });
  rest.use(createOperationsRouter(app, describedRoutes()));
  rest.use(docsRouter());
  rest.use(() => {
    throw new RouteNotFoundError("there is no such route");
  });
  const shapeOf = errorsBelow(hotRoutes());
  rest.use((cause: unknown, req: express.Request, res: express.Response, _next: express.NextFunction) => {
    sendError(res, cause, app.log, shapeOf(pathOf(req)));
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

/** A target may be a whole address, as proxies are sent it. */
function pathOf(req: IncomingMessage): string {
  const url = req.url ?? "/";
  if (!url.startsWith("/") && URL.canParse(url)) return new URL(url).pathname;
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

/** Methods that nobody has heard of would each make a series. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

function methodOf(req: IncomingMessage): string {
  return methods.has(req.method ?? "") ? (req.method as string) : "other";
}
