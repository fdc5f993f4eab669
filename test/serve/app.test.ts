import { once } from "node:events";
import { createServer, request as send } from "node:http";
import { connect } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApp } from "../../serve/app.ts";
import { eventually, startTestServer, type TestServer } from "../fixtures/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(undefined, { bodyLimitBytes: 4096, maxItems: 4 });
});
afterAll(() => server.end());

const http = () => request(server.url);
const pair = { source: "the phone is good", target: "das ist gut" };

describe("text routes", () => {
  test.each([
    ["/v1/filter", ["acceptable", "toxic"], 2],
    ["/v1/sentiment", ["negative", "neutral", "positive"], 3],
    ["/v1/translation/language", ["de", "en", "es", "fr", "ja", "pt", "zh"], 5],
  ])("POST %s answers a single text with one result", async (route, labels, shown) => {
    const { status, body } = await http().post(route).send({ inputs: "I love this phone" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ student: "large", version: expect.stringMatching(/^[0-9a-f]{12}$/) });
    const [result, ...more] = body.results;
    expect(more).toEqual([]);
    expect(Object.keys(result).sort()).toEqual(["label", "score", "scores"]);
    expect(labels).toContain(result.label);
    expect(Object.keys(result.scores)).toHaveLength(shown);
    expect(result.score).toBe(result.scores[result.label]);
  });

  test("POST /v1/translation/adequacy answers pairs, alone and in a list", async () => {
    const one = await http().post("/v1/translation/adequacy").send({ inputs: pair });
    const two = await http()
      .post("/v1/translation/adequacy")
      .send({ inputs: [{ source: "a", target: "b" }, pair] });
    expect(one.body.results[0]).toMatchObject({ label: expect.stringMatching(/^(in)?adequate$/) });
    expect(one.body.results[0].score).toBe(one.body.results[0].scores.adequate);
    expect(two.body.results[1].score).toBeCloseTo(one.body.results[0].score, 2);
  });

  test("POST /v1/classify nests all text tasks in each result, as their own routes answer", async () => {
    const { body } = await http()
      .post("/v1/classify")
      .send({ inputs: ["nice day"] });
    const own = await http().post("/v1/sentiment").send({ inputs: "nice day" });
    expect(Object.keys(body.results[0])).toEqual(["filter", "sentiment", "language"]);
    expect(body.results[0].sentiment).toEqual(own.body.results[0]);
  });

  test("results come in the order of the inputs, whatever their lengths", async () => {
    const inputs = ["what a great movie that was, I love it", "no", "the food was awful and the service too", "a"];
    const together = await http().post("/v1/sentiment").send({ inputs, student: "small" });
    for (const [i, text] of inputs.entries()) {
      const alone = await http().post("/v1/sentiment").send({ inputs: text, student: "small" });
      expect(together.body.results[i].score).toBeCloseTo(alone.body.results[0].score, 5);
    }
  });

  test("a bad item gets an error in its place and does not spoil the others", async () => {
    const { status, body } = await http()
      .post("/v1/sentiment")
      .send({ inputs: ["good", 3, "bad", null] });
    expect(status).toBe(200);
    expect(body.results[1]).toEqual({ error: "inputs[1]: expected a string" });
    expect(body.results[3]).toEqual({ error: "inputs[3]: expected a string" });
    expect(body.results[2].label).toBeDefined();
  });

  test("a cut text says so, and one that fits says nothing", async () => {
    const { body } = await http()
      .post("/v1/sentiment")
      .send({ inputs: ["word ".repeat(500), "word"] });
    expect(body.results[0].truncated).toBe(true);
    expect(body.results[1]).not.toHaveProperty("truncated");
  });

  test("Server-Timing tells the time in each stage", async () => {
    const { headers } = await http().post("/v1/sentiment").send({ inputs: "good" });
    expect(headers["server-timing"]).toMatch(
      /^queue;dur=[\d.]+, tokenize;dur=[\d.]+, infer;dur=[\d.]+, post;dur=[\d.]+$/,
    );
  });
});

describe("choice of the student", () => {
  const studentOf = async (body: object, headers: Record<string, string> = {}, url = server.url) =>
    (await request(url).post("/v1/sentiment").set(headers).send(body)).body.student;

  test("a budget picks the most accurate student that fits, by field and by header", async () => {
    // A server of its own for each: the large one is faster than its manifest says, a busy machine makes the small one slower, and
    // earlier requests would have taught that.
    const ask = async (body: object, headers = {}) => {
      const fresh = await startTestServer();
      const student = await studentOf(body, headers, fresh.url);
      await fresh.end();
      return student;
    };
    expect(await ask({ inputs: "good", latencyBudgetMs: 5 })).toBe("small");
    expect(await ask({ inputs: "good" }, { "x-latency-budget-ms": "5" })).toBe("small");
    expect(await ask({ inputs: "good", latencyBudgetMs: 5000 })).toBe("large");
    expect(await ask({ inputs: "good", latencyBudgetMs: 5000 }, { "x-latency-budget-ms": "5" })).toBe("large");
  });

  test("the outcome of a budget is counted", async () => {
    await http().post("/v1/filter").send({ inputs: "good", latencyBudgetMs: 3_000_000 });
    await http().post("/v1/filter").send({ inputs: "good", latencyBudgetMs: 0.0001 });
    const { text } = await http().get("/metrics");
    expect(text).toContain('kdnas_budget_total{task="filter",student="large",outcome="met"} 1');
    expect(text).toContain('kdnas_budget_total{task="filter",student="small",outcome="missed"} 1');
  });

  test("a name picks the student, and an unknown one gets 404", async () => {
    expect(await studentOf({ inputs: "good", student: "small" })).toBe("small");
    const { status, body } = await http().post("/v1/sentiment").send({ inputs: "good", student: "nobody" });
    expect(status).toBe(404);
    expect(body.type).toBe("urn:kdnas:unknown-model");
  });
});

describe("errors", () => {
  test.each([
    ["no JSON", '{"inputs": "secret words', 400],
    ["nothing", "", 400],
    ["a list", "[1]", 400],
    ["no inputs", "{}", 400],
    ["an empty list", '{"inputs": []}', 400],
    ["a number", '{"inputs": 5}', 400],
    ["only bad items", '{"inputs": [5]}', 400],
    ["an unknown field", '{"inputs": "a", "modle": "b"}', 400],
    ["a budget of nothing", '{"inputs": "a", "latencyBudgetMs": 0}', 400],
    ["too many items", '{"inputs": ["a", "b", "c", "d", "e"]}', 400],
    ["too large a body", JSON.stringify({ inputs: "a".repeat(5000) }), 413],
    ["deep JSON", `${"[".repeat(1500)}${"]".repeat(1500)}`, 400],
  ])("a body that is %s gets a problem without its text", async (_, body, status) => {
    const response = await http().post("/v1/sentiment").set("content-type", "application/json").send(body);
    expect(response.status).toBe(status);
    expect(response.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(response.text)).toMatchObject({
      type: expect.stringMatching(/^urn:kdnas:/),
      title: expect.any(String),
      status,
      detail: expect.any(String),
    });
    expect(response.text).not.toContain("secret");
  });

  test("a body without a declared length is cut off at the limit too", async () => {
    const body = new ReadableStream({
      start: (controller) => {
        for (let i = 0; i < 10; i++) controller.enqueue(Buffer.alloc(1000, "a"));
        controller.close();
      },
    });
    const response = await fetch(`${server.url}/v1/sentiment`, { method: "POST", body, duplex: "half" } as RequestInit);
    expect(response.status).toBe(413);
  });

  const compressed = async (encoding: string, body: Buffer) => {
    const headers = { "content-encoding": encoding };
    const reply = await fetch(`${server.url}/v1/sentiment`, { method: "POST", headers, body: new Uint8Array(body) });
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ])("a body of coding %s is read, up to the limit of what is in it", async (encoding, compress) => {
    const plain = await http().post("/v1/sentiment").send({ inputs: "good" });
    const { status, body } = await compressed(encoding, compress(JSON.stringify({ inputs: "good" })));
    expect([status, body.results]).toEqual([200, plain.body.results]);
    const bomb = compress(JSON.stringify({ inputs: "a".repeat(1_000_000) }));
    expect(bomb.length).toBeLessThan(4096);
    expect((await compressed(encoding, bomb)).status).toBe(413);
    expect((await compressed(encoding, Buffer.from("good"))).body).toMatchObject({
      status: 400,
      detail: `the body is not ${encoding}`,
    });
  });

  test("a body of a coding that is not read gets 415 with those that are", async () => {
    const { status, body } = await compressed("compress", Buffer.from("x"));
    expect([status, body.detail]).toEqual([415, "compressed bodies are read as gzip, x-gzip, deflate, br"]);
  });

  test("an unknown route gets 404, a wrong method 405 with Allow", async () => {
    expect((await http().get("/nothing")).status).toBe(404);
    expect((await http().post("/v1")).body.type).toBe("urn:kdnas:route-not-found");
    const text = await http().get("/v1/sentiment");
    expect([text.status, text.headers.allow]).toEqual([405, "POST"]);
    const metrics = await http().delete("/metrics");
    expect([metrics.status, metrics.headers.allow]).toEqual([405, "GET, HEAD"]);
  });

  test("a broken URL is no bug of ours", async () => {
    expect((await http().get("/%zz")).status).toBe(404);
  });
});

describe("operations", () => {
  test("GET /v1/students lists what each answers, how well and how fast", async () => {
    const { body } = await http().get("/v1/students");
    expect(body.students.map((s: { name: string }) => s.name)).toEqual(["large", "small"]);
    expect(body.students[0]).toMatchObject({
      version: expect.any(String),
      architecture: { name: "1x16-ffn32-h2-gelu-e16" },
      latency: { threads: 1 },
      scores: expect.arrayContaining([expect.objectContaining({ task: "sentiment", student: 0.8 })]),
    });
    expect(body.students[0].tasks[3]).toMatchObject({ route: "/v1/translation/adequacy", input: "pair" });
  });

  test("the probes answer", async () => {
    for (const probe of ["live", "ready", "startup"]) expect((await http().get(`/health/${probe}`)).status).toBe(200);
    expect((await http().head("/health/live")).status).toBe(200);
  });

  test("every reply carries the security headers and none names the software", async () => {
    for (const path of ["/v1/students", "/v1/sentiment", "/nothing"]) {
      const { headers } = await http().get(path);
      expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN" });
      expect(headers).not.toHaveProperty("x-powered-by");
    }
  });

  test("a target that is a whole address is answered as its path is", async () => {
    const whole = send(`${server.url}/v1/filter?x=1`, { method: "POST", path: `${server.url}/v1/filter?x=1` });
    const [reply] = await once(whole.end('{"inputs": "good"}'), "response");
    expect(reply.resume().statusCode).toBe(200);
  });

  test("createApp() needs no listening server of ours", async () => {
    const { status } = await request(createServer(createApp(server.app)))
      .post("/v1/filter")
      .send({ inputs: "good" });
    expect(status).toBe(200);
  });
});

test("texts whose client left before their turn are dropped, and counted", async () => {
  const release = await server.hold("small");
  const body = JSON.stringify({ inputs: ["good", "bad"], student: "small" });
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(`POST /v1/sentiment HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await eventually(() => expect(server.app.batcher.depth()).toBe(2));
  socket.destroy();
  const left = /route="\/v1\/sentiment",method="POST",code="499"} 1/;
  await eventually(async () => expect(await server.app.metrics.text()).toMatch(left));
  await release();
  expect(await server.app.metrics.text()).toContain('kdnas_requests_shed_total{reason="client_left"} 2');
});
