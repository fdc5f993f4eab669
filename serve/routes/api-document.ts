import { z } from "zod";
import { type ApiDocument, createDocument } from "../openapi/document.ts";
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
    let document: ApiDocument | undefined;
    return (_req, res) => {
      // Not at the start: a server is to be ready soon, and few are asked for it.
      document ??= createDocument(routes, app.access.open);
      res.json(document);
    };
  },
};
