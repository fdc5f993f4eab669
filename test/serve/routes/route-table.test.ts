import { expect, test } from "vitest";
import { z } from "zod";
import type { HotRoute } from "../../../serve/routes/route.ts";
import { createRouteTable } from "../../../serve/routes/route-table.ts";

const describe = { tag: "t", summary: "s", responses: { 200: z.unknown() }, failures: [] };
const route = (path: string, method: HotRoute["method"] = "GET"): HotRoute => ({
  ...{ path, method, scope: null, describe },
  answer: async () => {},
});
const table = createRouteTable([
  route("/a/{model}"),
  route("/a/ready"),
  route("/a/{model}", "POST"),
  route("/a/{model}/b/{version}"),
  route("/c:d"),
]);

test("find() takes the exact path before a pattern", () => {
  expect(table.find("/a/ready")?.path).toBe("/a/ready");
  expect(table.find("/c:d")?.path).toBe("/c:d");
});

test("find() hands over decoded parameters and all methods of a path", () => {
  expect(table.find("/a/x%2Fy")?.parameters()).toEqual({ model: "x/y" });
  expect(table.find("/a/x")?.routes.map(({ method }) => method)).toEqual(["GET", "POST"]);
  expect(table.find("/a/m/b/1")?.parameters()).toEqual({ model: "m", version: "1" });
});

test.each(["/a", "/a/", "/a/x/", "/a/x/y", "/c", "/c:e"])("find() knows no %s", (path) => {
  expect(table.find(path)).toBeUndefined();
});

test("parameters() refuses broken URL encoding", () => {
  expect(() => table.find("/a/%zz")?.parameters()).toThrow("not valid URL encoding");
});
