import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([{ name: "only", layers: 0 }], { workers: 1 });
});
afterAll(() => server.end());

const get = async (path: string) => {
  const reply = await fetch(`${server.url}${path}`);
  return { status: reply.status, headers: reply.headers, text: await reply.text() };
};

test("GET /docs is a page whose parts all come from this server", async () => {
  const { headers, text } = await get("/docs");
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(text).not.toMatch(/https?:/);
  const parts = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path as string);
  expect(parts.length).toBeGreaterThanOrEqual(4);
  for (const part of parts) expect((await get(`/${part}`)).status).toBe(200);
});

test("the page may load from this server only, and other routes load nothing at all", async () => {
  const policy = (await get("/docs")).headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
  expect((await get("/v1/students")).headers.get("content-security-policy")).toBe("default-src 'none'");
});

test("GET /openapi.json is the document of this server", async () => {
  expect(JSON.parse((await get("/openapi.json")).text)).toMatchObject({
    openapi: "3.1.0",
    paths: { "/v1/filter": {} },
  });
});
