import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.end());

test("POST /v1/tasks/{task} answers a built-in task as its own route does", async () => {
  const named = await server.post("/v1/tasks/sentiment", { inputs: ["good", "bad"] });
  const own = await server.post("/v1/sentiment", { inputs: ["good", "bad"] });
  expect(named.status).toBe(200);
  expect(await named.json()).toEqual(await own.json());
});

test("POST /v1/tasks/{task} takes pairs for a task over pairs, and says what it expects otherwise", async () => {
  const pair = { source: "good", target: "gut" };
  expect((await server.post("/v1/tasks/adequacy", { inputs: pair })).status).toBe(200);
  expect((await server.post("/v1/tasks/adequacy", { inputs: "good" })).status).toBe(400);
  expect((await server.post("/v1/tasks/sentiment", { inputs: pair })).status).toBe(400);
});

test("POST /v1/tasks/{task} answers 404 for a task that no student has, naming those there are", async () => {
  const reply = await server.post("/v1/tasks/tickets", { inputs: "good" });
  expect(reply.status).toBe(404);
  const { detail } = (await reply.json()) as { detail: string };
  expect(detail).toMatch(/^no student has this task; there are .*sentiment/);
  expect((await fetch(`${server.url}/v1/tasks/sentiment`)).status).toBe(405);
});
