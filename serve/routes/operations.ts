import express from "express";
import { UnavailableError } from "../../src/errors.ts";
import type { App } from "../app.ts";
import { MethodNotAllowedError } from "../http-errors.ts";
import { describeStudents } from "./students.ts";

export const operationPaths = ["/v1/students", "/metrics", "/health/live", "/health/ready", "/health/startup"] as const;
type OperationPath = (typeof operationPaths)[number];

/** What operators and dashboards ask: seldom, so Express does it. */
export function operationRoutes(app: App): express.Router {
  const router = express.Router();
  const answers: Record<OperationPath, express.RequestHandler> = {
    "/v1/students": (_req, res) => void res.json(describeStudents(app.registry.students())),
    "/metrics": async (_req, res) => void res.type(app.metrics.contentType).send(await app.metrics.text()),
    "/health/live": (_req, res) => void res.json({ status: "live" }),
    "/health/ready": (_req, res) => {
      if (app.state.draining) throw new UnavailableError("shutting down");
      if (app.registry.students().length === 0) throw new UnavailableError("no student is loaded");
      res.json({ status: "ready" });
    },
    "/health/startup": (_req, res) => {
      if (!app.state.started) throw new UnavailableError("still loading students");
      res.json({ status: "started" });
    },
  };
  for (const path of operationPaths) {
    router
      .route(path)
      .get(answers[path])
      .all(() => {
        throw new MethodNotAllowedError("GET, HEAD");
      });
  }
  return router;
}
