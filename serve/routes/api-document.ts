import { z } from "zod";
import { createDocument } from "../openapi/document.ts";
import type { OperationRoute } from "./operations.ts";

/** Open to all: it holds nothing that is not in the source. */
export const apiDocumentRoute: OperationRoute = {
  method: "GET",
  path: "/openapi.json",
  scope: null,
  describe: {
    tag: "operations",
    summary: "This document",
    responses: { 200: z.looseObject({ openapi: z.string() }) },
    failures: [],
  },
  answer: (app, routes) => {
    const document = createDocument(routes, app.access.open);
    return (_req, res) => void res.json(document);
  },
};
