import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { textEmbeddingsInferenceRoute } from "../../../serve/routes/text-embeddings-inference.ts";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(undefined, { maxItems: 3 });
});
afterAll(() => server.end());

const predict = (body: object, query = "") => request(server.url).post(`/predict${query}`).send(body);
const text = "I love this phone";

describe("POST /predict", () => {
  test("a string gets its labels, best first, of the task that the setting names", async () => {
    const { status, body } = await predict({ inputs: text });
    const [own] = (await request(server.url).post("/v1/sentiment").send({ inputs: text })).body.results;
    expect(status).toBe(200);
    expect(body[0]).toEqual({ label: own.label, score: own.score });
    expect(body.map(({ label }: { label: string }) => label).sort()).toEqual(["negative", "neutral", "positive"]);
    expect(body[0].score).toBeGreaterThanOrEqual(body[1].score);
  });

  test("?task= names another task, or one student's", async () => {
    expect((await predict({ inputs: text }, "?task=filter")).body).toHaveLength(2);
    const { headers } = await predict({ inputs: text }, "?task=filter@small");
    expect(headers["x-student"]).toMatch(/^small@[0-9a-f]{12}$/);
  });

  test("two strings are a pair", async () => {
    const { body } = await predict({ inputs: ["the phone is good", "das ist gut"] });
    expect(body.map(({ label }: { label: string }) => label).sort()).toEqual(["adequate", "inadequate"]);
  });

  test("a batch may mix strings and pairs, and is answered in its order", async () => {
    const { body } = await predict({ inputs: [["a", "b"], [text], ["c", "d"]] });
    expect(body.map((labels: unknown[]) => labels.length)).toEqual([2, 3, 2]);
    expect(body[1]).toEqual((await predict({ inputs: [text] })).body);
  });

  test("the softmax of raw scores is the scores", async () => {
    const raw = (await predict({ inputs: text, raw_scores: true })).body;
    const scores = (await predict({ inputs: text })).body;
    const sum = raw.reduce((total: number, { score }: { score: number }) => total + Math.exp(score), 0);
    for (const [i, { score }] of raw.entries()) expect(Math.exp(score) / sum).toBeCloseTo(scores[i].score, 6);
  });
});

test("a correction may name an item of a batch, but not of one that mixes strings and pairs", async () => {
  const feedback = mkdtempSync(join(tmpdir(), "kdnas-predict-"));
  const keeping = await startTestServer([{ name: "only", layers: 0 }], { workers: 1, feedback });
  const correct = async (inputs: string[][], label: string) => {
    const { headers } = await keeping.post("/predict", { inputs });
    return (await keeping.post("/v1/feedback", { reply: headers.get("x-request-id"), index: 0, label })).status;
  };
  const statuses = [
    await correct([[text], ["b"]], "positive"),
    await correct([["a", "b"]], "adequate"),
    await correct([[text], ["a", "b"]], "adequate"),
  ];
  expect(statuses).toEqual([200, 200, 404]);
  await keeping.end();
  rmSync(feedback, { recursive: true });
});

describe("errors of POST /predict are TEI's", () => {
  test.each([
    ["no inputs", {}, 422, "Validation"],
    ["a batch of strings", { inputs: ["a", "b", "c"] }, 422, "Validation"],
    ["an empty batch", { inputs: [] }, 400, "Empty"],
    ["too many items", { inputs: [["a"], ["b"], ["c"], ["d"]] }, 413, "Validation"],
    ["a long text that must not be cut", { inputs: "word ".repeat(500), truncate: false }, 413, "Validation"],
    ["cutting at the start", { inputs: "a", truncation_direction: "Left" }, 422, "Validation"],
  ])("%s", async (_, body, status, errorType) => {
    const reply = await predict(body);
    expect(textEmbeddingsInferenceRoute.errors?.schema.parse(reply.body)).toMatchObject({ error_type: errorType });
    expect(reply.status).toBe(status);
  });

  test("a long text is cut where the request does not say", async () => {
    expect((await predict({ inputs: "word ".repeat(500) })).status).toBe(200);
    expect((await predict({ inputs: "word ".repeat(500), truncate: true })).status).toBe(200);
  });

  test("a task of the other kind, or none", async () => {
    expect((await predict({ inputs: ["a", "b"] }, "?task=filter")).body.error).toBe("filter takes a text, not a pair");
    expect((await predict({ inputs: "a" }, "?task=nothing")).status).toBe(404);
  });

  test.each([
    ["wrong items", Array(500_000).fill(1)],
    ["empty items", Array(200_000).fill([""])],
  ])("half a million bytes of %s are too many items, before any is read", async (_, inputs) => {
    const { status, body } = await predict({ inputs });
    expect([status, body.error]).toEqual([413, `${inputs.length} texts in one request; at most 3`]);
  });

  test("the budget of a batch that mixes strings and pairs runs once", async () => {
    const { status, body } = await predict({ inputs: [["!block 300"], ["a", "b"]] }).set("x-latency-budget-ms", "250");
    expect([status, body.error_type]).toEqual([429, "Overloaded"]);
  });

  test("a batch whose worker died is Unhealthy", async () => {
    const { status, body } = await predict({ inputs: "!die" });
    expect([status, body.error_type]).toEqual([503, "Unhealthy"]);
  });
});
