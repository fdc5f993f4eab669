import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createKey } from "../../../serve/security/key.ts";
import { writeKeyFile } from "../../../serve/security/key-file.ts";
import { FeedbackRecord, feedbackFileName, readFeedback } from "../../../src/contract/feedback.ts";
import { startTestServer, type TestServer, twoStudents } from "../../fixtures/test-server.ts";

const folder = mkdtempSync(join(tmpdir(), "kdnas-feedback-route-"));
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(twoStudents, { feedback: folder });
});
afterAll(async () => {
  await server.end();
  rmSync(folder, { recursive: true, force: true });
});

interface Body {
  readonly id: string;
  readonly outcome: string;
  readonly detail: string;
}

async function send(body: object) {
  const response = await server.post("/v1/feedback", body);
  return { status: response.status, body: (await response.json()) as Body };
}

const stored = () => readFeedback(folder);
const last = () => stored().at(-1);

describe("POST /v1/feedback", () => {
  test("stores a label for a text, and says the same id again", async () => {
    const sent = { task: "sentiment", text: "not my thing", label: "negative", language: "en" };
    const { body } = await send(sent);
    expect(body).toEqual({ id: expect.stringMatching(/^[0-9a-f]{24}$/), outcome: "stored" });
    expect((await send(sent)).body).toEqual({ ...body, outcome: "unchanged" });
    expect((await send({ ...sent, label: "neutral" })).body).toEqual({ ...body, outcome: "replaced" });
    expect(last()).toMatchObject({ id: body.id, texts: ["not my thing"], label: "neutral", language: "en", key: null });
  });

  test("stores a score for a pair", async () => {
    await send({ task: "adequacy", source: "good", target: "gut", score: 0.9 });
    expect(last()).toMatchObject({ task: "adequacy", texts: ["good", "gut"], score: 0.9 });
  });

  test("finds the text of a reply by its id, and keeps what the student had said", async () => {
    const reply = await server.post("/v1/classify", { inputs: ["first text", "second text"] });
    const { results, student, version } = (await reply.json()) as {
      results: { filter: { label: string } }[];
      student: string;
      version: string;
    };
    const about = { reply: reply.headers.get("x-request-id"), index: 1, task: "filter" };
    const said = results[1]?.filter.label;
    await send({ ...about, label: said });
    expect(last()).toMatchObject({ texts: ["second text"], said: { student, version, label: said } });
    await send({ ...about, label: said === "toxic" ? "acceptable" : "toxic" });
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('kdnas_feedback_total{task="filter",verdict="confirmed"} 1');
    expect(metrics).toContain('kdnas_feedback_total{task="filter",verdict="corrected"} 1');
    expect(metrics).toContain('kdnas_feedback_total{task="language",verdict="unmatched"} 0');
  });

  test("needs neither task nor index where the reply leaves no choice", async () => {
    const reply = await server.post("/v1/sentiment", { inputs: "only one" });
    expect((await send({ reply: reply.headers.get("x-request-id"), label: "positive" })).status).toBe(200);
    expect(last()).toMatchObject({ task: "sentiment", texts: ["only one"], label: "positive" });
  });

  test.each([
    [{ task: "sentiment", text: "a" }, /label or score/],
    [{ task: "sentiment", text: "a", label: "positive", score: 1 }, /label or score/],
    [{ text: "a", label: "positive" }, /give task and text/],
    [{ task: "sentiment", text: "a", reply: "r", label: "positive" }, /give task and text/],
    [{ task: "sentiment", text: " ", label: "positive" }, /text: it is empty/],
    [{ task: "sentiment", text: "a", label: "great" }, /label: expected one of negative, neutral, positive/],
    [{ task: "sentiment", text: "a", score: 0.5 }, /score: the task has 3 labels/],
    [{ task: "adequacy", text: "a", label: "adequate" }, /pair of texts/],
    [{ task: "filter", source: "a", target: "b", score: 1 }, /single text/],
    [{ task: "filter", text: "a".repeat(20_001), score: 1 }, /text: /],
    [{ task: "filter", text: "a", score: 2 }, /score: /],
    [{ task: "filter", text: "a", score: 1, more: 1 }, /unknown field more/],
  ])("refuses %j", async (body, detail) => {
    const before = stored().length;
    const { status, body: problem } = await send(body);
    expect([status, problem.detail]).toEqual([400, expect.stringMatching(detail)]);
    expect(stored()).toHaveLength(before);
  });

  test("says which task, reply or item it does not know", async () => {
    const reply = (await server.post("/v1/classify", { inputs: ["a", "b"] })).headers.get("x-request-id");
    expect(await send({ task: "mood", text: "a", label: "good" })).toMatchObject({ status: 404 });
    expect(await send({ reply: "gone", label: "toxic" })).toMatchObject({
      status: 404,
      body: { type: "urn:kdnas:unknown-reply", detail: expect.stringMatching(/send the text instead/) },
    });
    const details = [];
    for (const about of [{ task: "filter" }, { index: 0 }, { index: 2, task: "filter" }])
      details.push((await send({ reply, label: "toxic", ...about })).body.detail);
    expect(details).toEqual([
      "index: the reply has 2 items, say which, from 0",
      "task: the reply has several, say which: filter, sentiment, language",
      "index: the reply has no answer there",
    ]);
  });
});

test("GET /v1/feedback has a line for each correction that counts, DELETE erases one from the disk", async () => {
  const { body } = await send({ task: "filter", text: "to be forgotten", label: "toxic" });
  const exported = await fetch(`${server.url}/v1/feedback`);
  expect(exported.headers.get("content-type")).toContain("application/x-ndjson");
  const lines = (await exported.text()).trimEnd().split("\n");
  expect(lines.map((line) => FeedbackRecord.parse(JSON.parse(line)))).toEqual(stored());
  const erase = () => fetch(`${server.url}/v1/feedback/${body.id}`, { method: "DELETE" });
  expect(await (await erase()).json()).toEqual({ id: body.id, outcome: "erased" });
  expect((await erase()).status).toBe(404);
  expect(readFileSync(join(folder, feedbackFileName), "utf8")).not.toContain("forgotten");
});

test("without a folder nothing is taken, and the reply says how to change that", async () => {
  const off = await startTestServer([{ name: "small", layers: 0 }]);
  onTestFinished(() => off.end());
  const response = await off.post("/v1/feedback", { task: "filter", text: "a", label: "toxic" });
  expect(await response.json()).toMatchObject({ status: 403, detail: expect.stringMatching(/KDNAS_FEEDBACK names/) });
  expect((await fetch(`${off.url}/v1/feedback`)).status).toBe(403);
});

function newFolder(name: string): string {
  const made = mkdtempSync(join(tmpdir(), `kdnas-feedback-${name}-`));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test("a full folder is told with 507", async () => {
  const full = newFolder("full");
  const small = await startTestServer([{ name: "small", layers: 0 }], { feedback: full, feedbackLimitBytes: 1024 });
  onTestFinished(() => small.end());
  const sent = await Promise.all(
    ["a", "b", "c", "d"].map((end) =>
      small.post("/v1/feedback", { task: "filter", text: "x".repeat(300) + end, label: "toxic" }),
    ),
  );
  expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([200, 507]));
  await small.drain(0);
  expect(readFeedback(full)).toHaveLength(sent.filter(({ status }) => status === 200).length);
});

test("a key erases what it has sent, one with the scope admin anything, and only that one exports", async () => {
  const own = newFolder("keys");
  const keys = (["feedback", "feedback", "admin"] as const).map((scope, i) =>
    createKey({ name: `${scope}-${i}`, scopes: scope === "admin" ? ["feedback", "admin", "infer"] : [scope, "infer"] }),
  );
  const keysFile = join(own, "keys.json");
  writeKeyFile(
    keysFile,
    keys.map(({ record }) => record),
  );
  const guarded = await startTestServer([{ name: "small", layers: 0 }], { feedback: join(own, "kept"), keysFile });
  onTestFinished(() => guarded.end());
  const [ann = {}, bob = {}, admin = {}] = keys.map(
    ({ secret }): Record<string, string> => ({ authorization: `Bearer ${secret}` }),
  );
  const sent = { task: "filter", text: "a", label: "toxic" };
  const { id } = (await (await guarded.post("/v1/feedback", sent, ann)).json()) as Body;
  const other = (await (await guarded.post("/v1/feedback", { ...sent, label: "acceptable" }, bob)).json()) as Body;
  expect(other.id).not.toBe(id);
  const reply = await guarded.post("/v1/filter", { inputs: "b" }, ann);
  const about = { reply: reply.headers.get("x-request-id"), label: "toxic" };
  const erase = async (of: string, headers: Record<string, string>) =>
    (await fetch(`${guarded.url}/v1/feedback/${of}`, { method: "DELETE", headers })).status;
  const exported = async (headers: Record<string, string>) =>
    (await fetch(`${guarded.url}/v1/feedback`, { headers })).status;
  expect([
    (await guarded.post("/v1/feedback", about, bob)).status,
    (await guarded.post("/v1/feedback", about, ann)).status,
    await erase(id, bob),
    await erase(id, ann),
    await erase(other.id, admin),
    await exported(ann),
    await exported(admin),
  ]).toEqual([404, 200, 404, 200, 200, 403, 200]);
});
