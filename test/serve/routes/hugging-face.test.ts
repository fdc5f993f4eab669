import { InferenceClient } from "@huggingface/inference";
import request from "supertest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.end());

const client = (model: string) => new InferenceClient("", { endpointUrl: `${server.url}/models/${model}` });
const text = "I love this phone";

test("textClassification() of @huggingface/inference gets a task's labels, best first", async () => {
  const [own] = (await request(server.url).post("/v1/sentiment").send({ inputs: text })).body.results;
  const labels = await client("sentiment").textClassification({ inputs: text });
  expect(labels[0]).toEqual({ label: own.label, score: own.score });
  expect(labels).toHaveLength(3);
  expect(await client("sentiment").textClassification({ inputs: text, parameters: { top_k: 1 } })).toHaveLength(1);
  expect(await client("filter@small").textClassification({ inputs: text })).toHaveLength(2);
});

test("a list of texts gets a list each", async () => {
  const { body } = await request(server.url)
    .post("/models/filter")
    .send({ inputs: [text, "b"] });
  expect(body.map((labels: unknown[]) => labels.length)).toEqual([2, 2]);
});

test("textClassification() is told of a model that is not there, and of a function that does not fit", async () => {
  await expect(client("nothing").textClassification({ inputs: text })).rejects.toMatchObject({
    httpResponse: { status: 404, body: { error: "no student covers nothing" } },
  });
  const sigmoid = { function_to_apply: "sigmoid" as const };
  await expect(client("filter").textClassification({ inputs: text, parameters: sigmoid })).rejects.toMatchObject({
    httpResponse: { status: 400 },
  });
  await expect(client("adequacy").textClassification({ inputs: text })).rejects.toMatchObject({
    httpResponse: { status: 400 },
  });
});
