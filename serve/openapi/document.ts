import type { z } from "zod";
import { problemDetails } from "../http/error-reply.ts";
import type { DescribedRoute, RouteDescription } from "../routes/route.ts";
import { toSchema } from "./schema.ts";

/** The OpenAPI 3.1 document, made from the schemas that parse the requests. */
export interface ApiDocument {
  readonly openapi: "3.1.0";
  readonly [part: string]: unknown;
}

/** @param open whether no route asks for a key. */
export function createDocument(routes: readonly DescribedRoute[], open: boolean): ApiDocument {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: toOperation(route, open) };
  return {
    openapi: "3.1.0",
    info: {
      title: "kdnas",
      version: "1",
      summary: "Small multilingual text classifiers: content filter, sentiment, language and adequacy of translations.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(routes.map(({ describe }) => describe.tag))].map((name) => ({ name })),
    paths,
    components: { securitySchemes: open ? {} : schemesOf(routes) },
  };
}

function toOperation(route: DescribedRoute, open: boolean) {
  const { method, path, scope, describe } = route;
  return {
    operationId: `${method.toLowerCase()}${path.replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, "")}`,
    tags: [describe.tag],
    summary: describe.summary,
    parameters: parametersOf(route),
    ...(describe.request && { requestBody: toRequestBody(describe, describe.request) }),
    responses: { ...successesOf(describe), ...failuresOf(route, open) },
    security: open || scope === null ? [] : keysOf(route).map(({ name }) => ({ [name]: [scope] })),
  };
}

function toRequestBody({ requestTypes = ["application/json"] }: RouteDescription, request: z.ZodType) {
  const schema = toSchema(request, "input");
  return { required: true, content: Object.fromEntries(requestTypes.map((type) => [type, { schema }])) };
}

function parametersOf({ path, describe }: DescribedRoute) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true },
    schema: { type: "string", minLength: 1 },
  }));
  return [...inPath, ...fieldsOf("query", describe.query), ...fieldsOf("header", describe.headers)];
}

function fieldsOf(place: "query" | "header", fields: z.ZodObject | undefined) {
  return Object.entries(fields?.shape ?? {}).map(([name, schema]) => ({
    ...{ name, in: place, required: false },
    schema: toSchema(schema as z.ZodType, "output"),
  }));
}

function successesOf({ responses, responseType = "application/json" }: RouteDescription) {
  return Object.fromEntries(
    Object.entries(responses).map(([status, schema]) => [
      status,
      { description: "Answered", content: { [responseType]: { schema: toSchema(schema, "output") } } },
    ]),
  );
}

function failuresOf({ scope, describe, errors = problemDetails }: DescribedRoute, open: boolean) {
  const refusals = scope === null ? [] : [429, ...(open ? [] : [401, 403]), ...(scope === "admin" ? [403] : [])];
  const content = { [errors.contentType]: { schema: toSchema(errors.schema, "output") } };
  const statuses = new Set([...describe.failures, ...refusals]);
  return Object.fromEntries([...statuses].map((status) => [status, { description: meaningOf(status), content }]));
}

const meanings: Readonly<Record<number, string>> = {
  400: "The request is not as described",
  401: "No valid API key",
  403: "Not allowed with this key, or from there",
  404: "No such student, model, reply or correction",
  413: "Too large a body",
  415: "A body of another kind, or of a coding that is not read",
  422: "The request is not as described",
  424: "The student failed",
  429: "Too many requests, or too many that wait; Retry-After says when to try again",
  500: "The student failed",
  503: "Not available now, try again",
  507: "No room to keep it, nothing was stored",
};

function meaningOf(status: number): string {
  return meanings[status] ?? "Failed";
}

interface KeyScheme {
  readonly name: string;
  readonly scheme: Readonly<Record<string, string>>;
}

const everywhere: readonly KeyScheme[] = [
  { name: "bearer", scheme: { type: "http", scheme: "bearer" } },
  { name: "X-API-Key", scheme: { type: "apiKey", in: "header", name: "X-API-Key" } },
];

/** Places that a route reads a key from. OpenAPI knows none in a body. */
function keysOf({ keyIn = {} }: DescribedRoute): KeyScheme[] {
  const own = (["header", "query"] as const).flatMap((place) => {
    const name = keyIn[place];
    return name === undefined ? [] : [{ name: `${place}-${name}`, scheme: { type: "apiKey", in: place, name } }];
  });
  return [...everywhere, ...own];
}

function schemesOf(routes: readonly DescribedRoute[]) {
  return Object.fromEntries(routes.flatMap(keysOf).map(({ name, scheme }) => [name, scheme]));
}
