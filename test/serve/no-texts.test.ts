import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
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
  server = await startTestServer(undefined, {
    feedback,
    ...{ workers: 1, logLevel: "debug", bodyLimitBytes: 4096, maxItems: 4, queueLimit: 4, runTimeoutSeconds: 1 },
    otlpEndpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
  });
});
afterAll(() => {
  collector.close();
  rmSync(feedback, { recursive: true, force: true });
});

interface Case {
  readonly what: string;
  readonly path?: string;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

const native: readonly Case[] = [
  { what: "an answer", body: { inputs: marker } },
  { what: "a cut text", body: { inputs: `${marker} `.repeat(200) } },
  { what: "no JSON", body: `{"inputs": "${marker}` },
  { what: "a text instead of an object", body: JSON.stringify(marker) },
  { what: "a wrong type", body: { inputs: { [marker]: marker } } },
  { what: "an unknown field", body: { inputs: "good", [marker]: marker } },
  { what: "bad items", body: { inputs: [marker, { [marker]: marker }, [marker], null] } },
  { what: "only bad items", body: { inputs: [[marker]] } },
  { what: "too many items", body: { inputs: Array(5).fill(marker) } },
  { what: "too large a body", body: { inputs: `${marker} `.repeat(2000) } },
  { what: "a compressed body", body: gzipSync(marker), headers: { "content-encoding": "gzip" } },
  { what: "an unknown student", body: { inputs: marker, student: marker } },
  { what: "a wrong budget", body: { inputs: marker, latencyBudgetMs: marker } },
  { what: "a wrong budget in the header", body: { inputs: marker }, headers: { "x-latency-budget-ms": marker } },
  { what: "a request id that is a text", body: { inputs: marker }, headers: { "x-request-id": marker } },
  { what: "a text in a key", body: { inputs: marker }, headers: { authorization: `Bearer ${marker}` } },
  { what: "a text in a traceparent", body: { inputs: marker }, headers: { traceparent: marker } },
  { what: "a text in the query", path: `/v1/sentiment?text=${encodeURIComponent(marker)}`, body: { inputs: marker } },
  { what: "a text in the path", path: `/v1/${encodeURIComponent(marker)}`, body: { inputs: marker } },
  { what: "a task that is not there", path: `/v1/tasks/${encodeURIComponent(marker)}`, body: { inputs: marker } },
  { what: "a lost worker", body: { inputs: ["!die", marker] } },
  { what: "a batch that takes too long", body: { inputs: ["!block 1500", marker] } },
  { what: "a correction", path: "/v1/feedback", body: { task: "filter", text: marker, label: "toxic" } },
  { what: "a wrong correction", path: "/v1/feedback", body: { task: marker, text: marker, [marker]: marker } },
  { what: "a label that is a text", path: "/v1/feedback", body: { task: "filter", text: marker, label: marker } },
  { what: "a reply that is a text", path: "/v1/feedback", body: { reply: marker, label: "toxic" } },
  { what: "a bad pair", path: "/v1/translation/adequacy", body: { inputs: [{ source: marker, [marker]: 1 }] } },
];
const imitated: readonly Case[] = [
  { what: "OpenAI", path: "/v1/moderations", body: { input: marker } },
  { what: "OpenAI, wrong", path: "/v1/moderations", body: { input: [{ type: marker, text: marker }], model: marker } },
  { what: "Perspective", path: "/v1alpha1/comments:analyze", body: { comment: { text: marker } } },
  {
    what: "Perspective, an unknown attribute",
    path: "/v1alpha1/comments:analyze",
    body: { comment: { text: marker }, requestedAttributes: { TOXICITY: {} }, languages: [marker] },
  },
  { what: "Perspective, a correction", path: "/v1alpha1/comments:suggestscore", body: { comment: { text: marker } } },
  { what: "TEI, wrong", path: "/predict", body: { inputs: [[marker, marker, marker]] } },
  { what: "LibreTranslate", path: "/detect", body: { q: marker } },
  { what: "LibreTranslate, wrong", path: "/detect", body: { text: marker } },
  {
    what: "Open Inference, wrong",
    path: "/v2/models/sentiment/infer",
    body: { inputs: [{ name: marker, data: [marker] }] },
  },
];

test.each([...native, ...imitated])("a reply to $what has no text of the request in it", async (given) => {
  const { path = "/v1/sentiment", body, headers = {} } = given;
  const sent = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const reply = await fetch(`${server.url}${path}`, { method: "POST", body: sent as string, headers });
  expect(`${JSON.stringify([...reply.headers])} ${await reply.text()}`).not.toMatch(found);
});

test("what is shed and who leaves early is not quoted either", async () => {
  const blocked = server.post("/v1/sentiment", { inputs: "!block 500" });
  const crowd = await Promise.all([1, 2, 3].map(() => server.post("/v1/filter", { inputs: Array(4).fill(marker) })));
  expect(crowd.map(({ status }) => status)).toContain(429);
  for (const reply of crowd) expect(await reply.text()).not.toMatch(found);
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(`POST /v1/sentiment HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n{"inputs": "${marker}`);
  await once(socket, "connect");
  setTimeout(() => socket.destroy(), 100);
  await eventually(() => expect(server.log.join("")).toContain('"code":499'));
  await blocked;
});

test("after all of that, no text stands in the log, the metrics or the traces", async () => {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  await server.end();
  expect(metrics).not.toMatch(found);
  const log = server.log.join("");
  expect(log).toContain('"msg":"request"');
  expect(log).not.toMatch(found);
  expect(traces.join("")).toContain("/v1/sentiment");
  expect(traces.join("")).not.toMatch(found);
});
