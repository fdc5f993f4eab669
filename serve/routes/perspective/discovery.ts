import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { App } from "../../app.ts";
import { sendJson } from "../reply.ts";
import type { HotRoute } from "../route.ts";
import { googleErrors } from "./shapes.ts";

/**
 * What Google's own client libraries read before they call anything: with `discoveryServiceUrl` set to
 * `<server>/$discovery/rest?version=v1alpha1`, `google-api-python-client` needs no other change.
 */
export const discoveryRoute: HotRoute = {
  method: "GET",
  path: "/$discovery/rest",
  scope: null,
  errors: googleErrors,
  describe: {
    tag: "Perspective",
    summary: "Google API discovery document",
    responses: { 200: z.looseObject({ rootUrl: z.string() }) },
    failures: [],
  },
  answer: (_app: App, req: IncomingMessage, res: ServerResponse) => sendJson(res, toDocument(rootOf(req))),
};

/** The address by which the client came, a proxy's TLS included. */
function rootOf(req: IncomingMessage): string {
  // Of several proxies the first is the one that the client came to.
  const [proto] = String(req.headers["x-forwarded-proto"] ?? "").split(",");
  const secure = proto?.trim() === "https" || "encrypted" in req.socket;
  return `${secure ? "https" : "http"}://${req.headers.host ?? "localhost"}/`;
}

function toDocument(rootUrl: string) {
  const names = ["AnalyzeComment", "SuggestCommentScore"].flatMap((name) => [`${name}Request`, `${name}Response`]);
  return {
    kind: "discovery#restDescription",
    discoveryVersion: "v1",
    id: "commentanalyzer:v1alpha1",
    name: "commentanalyzer",
    version: "v1alpha1",
    protocol: "rest",
    rootUrl,
    servicePath: "",
    baseUrl: rootUrl,
    batchPath: "batch",
    parameters: { key: { type: "string", location: "query" }, alt: { type: "string", location: "query" } },
    schemas: Object.fromEntries(names.map((id) => [id, { id, type: "object", properties: {} }])),
    resources: {
      comments: {
        methods: {
          analyze: toMethod("analyze", "AnalyzeComment"),
          suggestscore: toMethod("suggestscore", "SuggestCommentScore"),
        },
      },
    },
  };
}

function toMethod(name: string, message: string) {
  return {
    id: `commentanalyzer.comments.${name}`,
    path: `v1alpha1/comments:${name}`,
    httpMethod: "POST",
    parameters: {},
    parameterOrder: [],
    request: { $ref: `${message}Request` },
    response: { $ref: `${message}Response` },
  };
}
