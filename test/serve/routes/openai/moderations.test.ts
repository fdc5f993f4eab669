import OpenAI, { BadRequestError, NotFoundError, RateLimitError } from "openai";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { categories, ModerationReply, OpenAiModels } from "../../../../serve/routes/openai/shapes.ts";
import { eventually, startTestServer, type TestServer } from "../../../fixtures/test-server.ts";
import { addedTask } from "../../../fixtures/tiny-student.ts";

let server: TestServer;
let client: OpenAI;
beforeAll(async () => {
  server = await startTestServer(undefined, { maxItems: 4, queueLimit: 4 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none is asked for", maxRetries: 0 });
});
afterAll(() => server.end());

describe("POST /v1/moderations, asked by the openai client", () => {
  test("a text gets one result with all categories, of which the filter covers harassment", async () => {
    const reply = await client.moderations.create({ model: "omni-moderation-latest", input: "You are stupid" });
    ModerationReply.parse(reply);
    expect(reply.model).toBe("large");
    const [own] = (await request(server.url).post("/v1/filter").send({ inputs: "You are stupid" })).body.results;
    const [result, ...more] = reply.results;
    expect(more).toEqual([]);
    expect(Object.keys(result?.categories ?? {})).toEqual([...categories]);
    expect(result?.category_scores.harassment).toBe(own.scores.toxic);
    expect([result?.flagged, result?.categories.harassment]).toEqual([own.label === "toxic", own.label === "toxic"]);
    expect(result?.category_scores.violence).toBe(0);
    expect(result?.category_applied_input_types).toMatchObject({ harassment: ["text"], hate: [] });
  });

  test("a list of texts gets a result each; a list of parts is one input, judged by its worst part", async () => {
    const texts = ["good", "bad phone"];
    const each = await client.moderations.create({ input: texts });
    const one = await client.moderations.create({ input: texts.map((text) => ({ type: "text" as const, text })) });
    expect(each.results).toHaveLength(2);
    expect(one.results).toHaveLength(1);
    const scores = each.results.map((result) => result.category_scores.harassment);
    expect(one.results[0]?.category_scores.harassment).toBe(Math.max(...scores));
  });

  test("a model names a student", async () => {
    expect((await client.moderations.create({ model: "small", input: "good" })).model).toBe("small");
    const unknown = client.moderations.create({ model: "gpt-9", input: "good" });
    await expect(unknown).rejects.toBeInstanceOf(NotFoundError);
    await expect(unknown).rejects.toMatchObject({ status: 404, code: "model_not_found" });
  });

  test("a cut text says so", async () => {
    const { results } = await client.moderations.create({ input: ["word ".repeat(500), "word"] });
    expect(results[0]).toMatchObject({ truncated: true });
    expect(results[1]).not.toHaveProperty("truncated");
  });

  test("an image is refused with a code of its own", async () => {
    const url = "data:image/png;base64,AA==";
    const input = [{ type: "image_url" as const, image_url: { url } }];
    const refused = client.moderations.create({ input });
    await expect(refused).rejects.toBeInstanceOf(BadRequestError);
    await expect(refused).rejects.toMatchObject({ code: "unsupported_input", param: "input" });
  });

  test("a wrong field is named, and its text is not repeated", async () => {
    const refused = client.moderations.create({ input: 5 as unknown as string });
    await expect(refused).rejects.toMatchObject({ status: 400, type: "invalid_request_error", param: "input" });
    const tooMany = client.moderations.create({ input: ["a", "b", "c", "d", "secret"] });
    await expect(tooMany).rejects.toMatchObject({ status: 400, message: expect.not.stringContaining("secret") });
  });

  test("a list that is too long is refused before its items are read", async () => {
    const refused = client.moderations.create({ input: Array(400_000).fill(1) });
    const message = expect.stringContaining("400000 texts in one request; at most 4");
    await expect(refused).rejects.toMatchObject({ status: 400, message });
  });

  test("a full queue is a RateLimitError that says when to try again", async () => {
    const release = await server.hold("small");
    const ask = () => client.moderations.create({ model: "small", input: ["a", "b", "c", "d"] });
    const waiting = ask();
    await eventually(() => expect(server.app.batcher.depth()).toBe(4));
    const reason = await ask().catch((cause: unknown) => cause);
    expect(reason).toBeInstanceOf(RateLimitError);
    expect(reason).toMatchObject({ type: "requests", code: "rate_limit_exceeded" });
    expect((reason as RateLimitError).headers?.get("retry-after")).toMatch(/^\d+$/);
    await Promise.all([release(), waiting]);
  });

  test("another method gets 405 in the API's own shape", async () => {
    const response = await fetch(`${server.url}/v1/moderations`);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
    expect(await response.json()).toMatchObject({
      error: { type: "invalid_request_error", message: expect.any(String) },
    });
  });
});

describe("students that tell attributes", () => {
  const names = ["identity-attack", "threat", "sexually-explicit"];
  const declared = names.map((name) => addedTask(name, ["none", name]));
  let able: TestServer;
  let asking: OpenAI;
  beforeAll(async () => {
    able = await startTestServer([{ name: "able", declared }]);
    asking = new OpenAI({ baseURL: `${able.url}/v1`, apiKey: "none is asked for", maxRetries: 0 });
  });
  afterAll(() => able.end());

  test("score their categories, and one that takes two attributes by the lesser", async () => {
    const { results } = await asking.moderations.create({ input: "You people" });
    const [result] = ModerationReply.shape.results.parse(results);
    const of = async (task: string) => {
      const reply = await (await able.post(`/v1/tasks/${task}`, { inputs: "You people" })).json();
      return (reply as { results: { label: string; scores: Record<string, number> }[] }).results[0];
    };
    const [attack, threat] = [await of("identity-attack"), await of("threat")];
    const scores = [attack?.scores["identity-attack"], threat?.scores.threat] as [number, number];
    expect(result?.category_scores.hate).toBeCloseTo(scores[0], 5);
    expect(result?.category_scores["hate/threatening"]).toBeCloseTo(Math.min(...scores), 5);
    expect(result?.categories["hate/threatening"]).toBe(attack?.label !== "none" && threat?.label !== "none");
    expect(result?.flagged).toBe(Object.values(result?.categories ?? {}).includes(true));
    expect(result?.category_scores["self-harm"]).toBe(0);
  });

  test("say so in the list of models", async () => {
    const { data } = await asking.models.list();
    const covered = ["harassment", "harassment/threatening", "hate", "hate/threatening", "sexual"];
    expect(data[0]).toMatchObject({ moderation: { covered } });
  });
});

describe("GET /v1/models", () => {
  test("lists the students, and says which categories they do not cover", async () => {
    const { data } = await client.models.list();
    OpenAiModels.parse({ object: "list", data });
    expect(data.map(({ id }) => id)).toEqual(["large", "small"]);
    const { moderation } = data[0] as unknown as { moderation: { covered: string[]; not_covered: string[] } };
    expect(moderation.covered).toEqual(["harassment"]);
    expect([...moderation.covered, ...moderation.not_covered].sort()).toEqual([...categories].sort());
  });

  test("shows one, and not one that is not there", async () => {
    expect(await client.models.retrieve("small")).toMatchObject({ id: "small", object: "model" });
    await expect(client.models.retrieve("nobody")).rejects.toBeInstanceOf(NotFoundError);
  });
});

test("metrics have the pattern of a path, never what stood in its place", async () => {
  await fetch(`${server.url}/v1/models/secret-name`);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).toMatch(/route="\/v1\/models\/\{model\}",method="GET",code="404"/);
  expect(text).not.toContain("secret-name");
});
