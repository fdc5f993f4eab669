import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";
import { declaredTask } from "../../fixtures/tiny-student.ts";

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

test("POST /v1/tasks/{task} answers a declared task from the students that have it, whatever the others are like", async () => {
  const declared = [declaredTask("tickets", "text", ["billing", "delivery", "login"])];
  const mixed = await startTestServer([
    { name: "plain", score: 0.9 },
    { name: "desk", score: 0.6, tasks: [], declared },
  ]);
  try {
    const reply = await mixed.post("/v1/tasks/tickets", { inputs: "good", latencyBudgetMs: 1000 });
    expect(await reply.json()).toMatchObject({ student: "desk", results: [{ label: expect.any(String) }] });
    const refused = await mixed.post("/v1/tasks/tickets", { inputs: "good", student: "plain" });
    expect(refused.status).toBe(404);
    const classified = await mixed.post("/v1/classify", { inputs: "good", student: "desk" });
    expect(await classified.json()).toMatchObject({ student: "desk", results: [{ tickets: {} }] });
    const metrics = await (await fetch(`${mixed.url}/metrics`)).text();
    expect(metrics).toContain('kdnas_input_tokens_count{task="tickets"} 2');
  } finally {
    await mixed.end();
  }
});

test("POST /v1/classify answers 404 where the student that is asked has tasks over pairs only", async () => {
  const mixed = await startTestServer([
    { name: "plain", layers: 0 },
    { name: "pairs", layers: 0, tasks: ["adequacy"] },
  ]);
  try {
    const refused = await mixed.post("/v1/classify", { inputs: "good", student: "pairs" });
    expect(await refused.json()).toMatchObject({ status: 404, type: "urn:kdnas:unknown-model" });
    expect((await mixed.post("/v1/classify", { inputs: "good" })).status).toBe(200);
  } finally {
    await mixed.end();
  }
});

test("POST /v1/tasks/{task} answers 404 for a task that no student has, naming those there are", async () => {
  const reply = await server.post("/v1/tasks/tickets", { inputs: "good" });
  expect(reply.status).toBe(404);
  const { detail } = (await reply.json()) as { detail: string };
  expect(detail).toMatch(/^no student has this task; there are .*sentiment/);
  expect((await fetch(`${server.url}/v1/tasks/sentiment`)).status).toBe(405);
});
