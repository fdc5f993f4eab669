import type { ServerResponse } from "node:http";
import express from "express";
import { z } from "zod";
import type { App } from "../app.ts";
import { MethodNotAllowedError } from "../http/http-errors.ts";
import { adminRoutes } from "./admin.ts";
import { apiDocumentRoute } from "./api-document.ts";
import { driftRoutes } from "./drift.ts";
import { answerProbe, deadReason, readyReason } from "./readiness.ts";
import type { DescribedRoute, HotRoute } from "./route.ts";
import { describeStudents, Students } from "./students.ts";

/** What operators and dashboards ask: seldom, so Express does it. */
export interface OperationRoute extends Omit<HotRoute, "answer"> {
  /** @param routes all that there are. */
  answer(app: App, routes: readonly DescribedRoute[]): express.RequestHandler;
}

const operations = { tag: "operations", failures: [] } as const;

export function operationRoutes(): OperationRoute[] {
  return [
    {
      method: "GET",
      path: "/v1/students",
      scope: "infer",
      describe: {
        ...operations,
        summary: "What each student answers, how well and how fast",
        responses: { 200: Students },
      },
      answer: (app) => (_req, res) => void res.json(describeStudents(app.registry)),
    },
    {
      method: "GET",
      path: "/metrics",
      scope: "metrics",
      describe: {
        ...operations,
        summary: "Metrics as Prometheus reads them",
        responseType: "text/plain",
        responses: { 200: z.string() },
      },
      answer: (app) => async (_req, res) => void res.type(app.metrics.contentType).send(await app.metrics.text()),
    },
    probe("live", "The process can go on; if not, it should be started anew", deadReason),
    probe("ready", "Requests can be answered now", readyReason),
    probe("startup", "The students that were there at the start have been looked at", startupReason),
    ...adminRoutes,
    ...driftRoutes,
    apiDocumentRoute,
  ];
}

const statusOf = { live: "live", ready: "ready", startup: "started" } as const;

/** Never asks for a key: the orchestrator that asks has none. */
function probe(name: keyof typeof statusOf, summary: string, reasonAgainst: (app: App) => string | undefined) {
  const status = statusOf[name];
  const tell = answerProbe(reasonAgainst, { status });
  return {
    method: "GET",
    path: `/health/${name}`,
    scope: null,
    describe: {
      ...operations,
      summary,
      responses: { 200: z.strictObject({ status: z.literal(status) }) },
      failures: [503],
    },
    answer: (app) => (req, res) => tell(app, req, res),
  } satisfies OperationRoute;
}

function startupReason({ state }: App): string | undefined {
  return state.started ? undefined : "still loading students";
}

const routes = new WeakMap<ServerResponse, string>();

/** Path of the operation that a response is of, once it was found. */
export function routeOf(res: ServerResponse): string | undefined {
  return routes.get(res);
}

export function createOperationsRouter(app: App, described: readonly DescribedRoute[]): express.Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  for (const route of operationRoutes()) {
    const guard: express.RequestHandler = (req, res, next) => {
      routes.set(res, route.path);
      app.access.admit(req, res, route);
      next();
    };
    router
      .route(route.path)
      [route.method === "GET" ? "get" : "post"](guard, route.answer(app, described))
      .all(() => {
        throw new MethodNotAllowedError(route.method === "GET" ? "GET, HEAD" : route.method);
      });
  }
  return router;
}
