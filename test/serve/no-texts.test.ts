import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Config } from "../../serve/config.ts";
import { eventually, startTestServer, type TestServer } from "../fixtures/test-server.ts";

/** A text that would be known again wherever it came out, in whole words and as one. */
const marker = "Zyxwv Marker";
const found = /zyxwv/i;

const traces: string[] = [];
const collector = createServer(async (req, res) => {
  for await (const chunk of req) traces.push(String(chunk));
  res.end("{}");
});
let server: TestServer;
/** The only place that texts may come out of; nothing else may quote them, though it is set. */
let feedback: string;
beforeAll(async () => {
  await once(collector.listen(0, "127.0.0.1"), "listening");
  feedback = mkdtempSync(join(tmpdir(), "kdnas-no-texts-"));
  server = await start({ feedback });
});
afterAll(async () => {
  await server.end();
  collector.close();
  rmSync(feedback, { recursive: true, force: true });
});

function start(settings: Partial<Config>): Promise<TestServer> {
  const otlpEndpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const limits = { bodyLimitBytes: 4096, maxItems: 4, queueLimit: 4 };
  return startTestServer(undefined, { workers: 1, logLevel: "debug", otlpEndpoint, ...limits, ...settings });
}

interface Case {
  readonly what: string;
  readonly path?: string;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  readonly status: number;
}

const native: readonly Case[] = [
  { what: "an answer", body: { inputs: marker }, status: 200 },
  { what: "a cut text", body: { inputs: `${marker} `.repeat(200) }, status: 200 },
  { what: "no JSON", body: `{"inputs": "${marker}`, status: 400 },
  { what: "a text instead of an object", body: JSON.stringify(marker), status: 400 },
  { what: "a wrong type", body: { inputs: { [marker]: marker } }, status: 400 },
  { what: "an unknown field", body: { inputs: "good", [marker]: marker }, status: 400 },
  { what: "bad items", body: { inputs: [marker, { [marker]: marker }, [marker], null] }, status: 200 },
  { what: "only bad items", body: { inputs: [[marker]] }, status: 400 },
  { what: "too many items", body: { inputs: Array(5).fill(marker) }, status: 400 },
  { what: "too large a body", body: { inputs: `${marker} `.repeat(2000) }, status: 413 },
  { what: "a compressed body", body: gzipSync(marker), headers: { "content-encoding": "gzip" }, status: 400 },
  { what: "a body that is not compressed", body: marker, headers: { "content-encoding": "gzip" }, status: 400 },
  { what: "a coding that is not read", body: marker, headers: { "content-encoding": "compress" }, status: 415 },
  { what: "an unknown student", body: { inputs: marker, student: marker }, status: 404 },
  { what: "a wrong budget", body: { inputs: marker, latencyBudgetMs: marker }, status: 400 },
  {
    what: "a wrong budget in the header",
    body: { inputs: marker },
    headers: { "x-latency-budget-ms": marker },
    status: 400,
  },
  { what: "a request id that is a text", body: { inputs: marker }, headers: { "x-request-id": marker }, status: 200 },
  { what: "a text in a key", body: { inputs: marker }, headers: { authorization: `Bearer ${marker}` }, status: 200 },
  { what: "a text in a traceparent", body: { inputs: marker }, headers: { traceparent: marker }, status: 200 },
  {
    what: "a text in the query",
    path: `/v1/sentiment?text=${encodeURIComponent(marker)}`,
    body: { inputs: marker },
    status: 200,
  },
  { what: "a text in the path", path: `/v1/${encodeURIComponent(marker)}`, body: { inputs: marker }, status: 404 },
  {
    what: "a task that is not there",
    path: `/v1/tasks/${encodeURIComponent(marker)}`,
    body: { inputs: marker },
    status: 404,
  },
  { what: "a lost worker", body: { inputs: ["!die", marker] }, status: 503 },
  { what: "a correction", path: "/v1/feedback", body: { task: "filter", text: marker, label: "toxic" }, status: 200 },
  {
    what: "a wrong correction",
    path: "/v1/feedback",
    body: { task: marker, text: marker, [marker]: marker },
    status: 400,
  },
  {
    what: "a label that is a text",
    path: "/v1/feedback",
    body: { task: "filter", text: marker, label: marker },
    status: 400,
  },
  { what: "a reply that is a text", path: "/v1/feedback", body: { reply: marker, label: "toxic" }, status: 404 },
  {
    what: "a bad pair",
    path: "/v1/translation/adequacy",
    body: { inputs: [{ source: marker, [marker]: 1 }] },
    status: 400,
  },
];
const comment = { text: marker };
const imitated: readonly Case[] = [
  { what: "OpenAI", path: "/v1/moderations", body: { input: marker }, status: 200 },
  {
    what: "OpenAI, wrong",
    path: "/v1/moderations",
    body: { input: [{ type: marker, text: marker }], model: marker },
    status: 400,
  },
  {
    what: "Perspective",
    path: "/v1alpha1/comments:analyze",
    body: { comment, requestedAttributes: { TOXICITY: {} } },
    status: 200,
  },
  {
    what: "Perspective, an unknown attribute",
    path: "/v1alpha1/comments:analyze",
    body: { comment, requestedAttributes: { [marker]: {} } },
    status: 400,
  },
  {
    what: "Perspective, an unknown language",
    path: "/v1alpha1/comments:analyze",
    body: { comment, requestedAttributes: { TOXICITY: {} }, languages: [marker] },
    status: 400,
  },
  {
    what: "Perspective, a correction",
    path: "/v1alpha1/comments:suggestscore",
    body: { comment, attributeScores: { TOXICITY: { summaryScore: { value: 1 } } } },
    status: 200,
  },
  { what: "Perspective, half a correction", path: "/v1alpha1/comments:suggestscore", body: { comment }, status: 400 },
  { what: "TEI, wrong", path: "/predict", body: { inputs: [[marker, marker, marker]] }, status: 422 },
  { what: "LibreTranslate", path: "/detect", body: { q: marker }, status: 200 },
  { what: "LibreTranslate, wrong", path: "/detect", body: { text: marker }, status: 400 },
  {
    what: "Open Inference, wrong",
    path: "/v2/models/sentiment/infer",
    body: { inputs: [{ name: marker, data: [marker] }] },
    status: 400,
  },
];

test.each([...native, ...imitated])("a reply to $what has no text of the request in it", async (given) => {
  const { path = "/v1/sentiment", body, headers = {}, status } = given;
  const sent = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const reply = await fetch(`${server.url}${path}`, { method: "POST", body: sent as string, headers });
  expect(`${JSON.stringify([...reply.headers])} ${await reply.text()}`).not.toMatch(found);
  expect(reply.status).toBe(status);
});

test("a batch that takes too long is quoted nowhere", async () => {
  const impatient = await start({ runTimeoutSeconds: 1 });
  onTestFinished(() => impatient.end());
  const reply = await impatient.post("/v1/sentiment", { inputs: [impatient.newHold().text, marker] });
  expect(reply.status).toBe(503);
  expect(`${JSON.stringify([...reply.headers])} ${await reply.text()}`).not.toMatch(found);
  expect(await impatient.app.metrics.text()).not.toMatch(found);
  const log = impatient.log.join("");
  expect(log).toContain("a worker was lost");
  expect(log).not.toMatch(found);
});

test("what is shed and who leaves early is not quoted either", async () => {
  const release = await server.hold();
  const ask = () => server.post("/v1/filter", { inputs: Array(4).fill(marker) });
  const waiting = ask();
  await eventually(() => expect(server.app.batcher.depth()).toBe(4));
  const refused = await ask();
  expect(refused.status).toBe(429);
  expect(await refused.text()).not.toMatch(found);
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  const head = "POST /v1/sentiment HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\nexpect: 100-continue";
  socket.write(`${head}\r\n\r\n{"inputs": "${marker}`);
  // It is told to go on when its request has been taken up.
  await once(socket, "data");
  socket.destroy();
  await eventually(() => expect(server.log.join("")).toContain('"code":499'));
  await release();
  expect(await (await waiting).text()).not.toMatch(found);
});

test("after all of that, no text stands in the log, the metrics or the traces", async () => {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  // What is left of the traces is sent at the end.
  await server.drain(0);
  expect(metrics).not.toMatch(found);
  const log = server.log.join("");
  expect(log).toContain('"msg":"request"');
  expect(log).not.toMatch(found);
  expect(traces.join("")).toContain("/v1/sentiment");
  expect(traces.join("")).not.toMatch(found);
});
