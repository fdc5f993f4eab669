import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { describedRoutes } from "../../../serve/app.ts";
import { createDocument } from "../../../serve/openapi/document.ts";

interface Operation {
  readonly operationId: string;
  readonly security: readonly Record<string, readonly string[]>[];
  readonly responses: Record<string, unknown>;
}
type Paths = Record<string, Record<string, Operation>>;
const operations = (document: { readonly [part: string]: unknown }) =>
  Object.entries(document.paths as Paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

test.each([true, false])("createDocument() makes a valid OpenAPI 3.1 document (open: %s)", async (open) => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(createDocument(describedRoutes(), open)));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe("3.1");
});

test("createDocument() has every route, each under a name of its own", () => {
  const all = operations(createDocument(describedRoutes(), true));
  expect(all.map(({ path, method }) => `${method} ${path}`).sort()).toEqual(
    describedRoutes()
      .map(({ path, method }) => `${method.toLowerCase()} ${path}`)
      .sort(),
  );
  expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length);
});

test("createDocument() asks for keys as the server does: none while it is open, none at probes", () => {
  const securityOf = (open: boolean, at: string) =>
    operations(createDocument(describedRoutes(), open)).find(({ path }) => path === at)?.operation.security;
  expect(securityOf(true, "/v1/filter")).toEqual([]);
  expect(securityOf(false, "/health/ready")).toEqual([]);
  expect(securityOf(false, "/v1/filter")).toEqual([{ bearer: ["infer"] }, { "X-API-Key": ["infer"] }]);
  expect(securityOf(false, "/v1alpha1/comments:analyze")).toContainEqual({ "query-key": ["infer"] });
});

test("schemas stand in the document whole: none points to a place that is not there", () => {
  expect(JSON.stringify(createDocument(describedRoutes(), true))).not.toContain("$ref");
});
