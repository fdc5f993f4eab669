import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { answerInCascade } from "../../../serve/answering/cascade.ts";
import { readFeedback } from "../../../src/contract/feedback.ts";
import type { Cascade } from "../../../src/contract/manifest.ts";
import { metricNames } from "../../../src/contract/metrics.ts";
import { UnavailableError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { eventually, seriesValue, startTestServer, type TestServer } from "../../fixtures/test-server.ts";
import { tinyManifest, writeTinyStudent } from "../../fixtures/tiny-student.ts";

const texts = ["good", "what a bad day it was", "a b c d", "no"];
const feedback = mkdtempSync(join(tmpdir(), "kdnas-cascade-"));
let server: TestServer;
beforeAll(async () => {
  const large = { name: "large", layers: 1, score: 0.8, latencyMs: [300, 300, 300] } as const;
  const small = { name: "small", layers: 0, score: 0.6, latencyMs: [0.1, 0.1, 0.1] } as const;
  server = await startTestServer([large, small], { cascade: true, pollSeconds: 3600, feedback });
});
afterAll(async () => {
  await server.end();
  rmSync(feedback, { recursive: true, force: true });
});

/** Gives the small student thresholds for sentiment, as `npm run cascade` does. */
async function calibrate(threshold: number, languages: Record<string, number> = {}, to?: Partial<Cascade["to"]>) {
  const { name, version } = read("large");
  const quality = { kept: 0.5, accuracy: 0.7, largeAccuracy: 0.7, rows: 100 };
  const cascade = { to: { name, version, ...to }, tasks: [{ task: "sentiment", threshold, languages, ...quality }] };
  writeFileSync(join(server.folder("small"), "manifest.json"), JSON.stringify({ ...read("small"), cascade }));
  await server.app.registry.scan();
}
const read = (student: string) => JSON.parse(readFileSync(join(server.folder(student), "manifest.json"), "utf8"));
interface Reply {
  readonly student: string;
  readonly results: readonly { readonly score: number; readonly student?: string }[];
}
const ask = async (body: object) =>
  (await (await server.post("/v1/sentiment", { inputs: "good", ...body })).json()) as Reply;
const outcomes = ["confident", "escalated", "kept"] as const;
const counts = async () => {
  const text = await server.app.metrics.text();
  return outcomes.map((of) => seriesValue(text, `${metricNames.cascade}{task="sentiment",outcome="${of}"}`));
};
/** By outcome, in their order, as far as they were not there `before`. */
const countsSince = async (before: readonly number[]) => (await counts()).map((count, i) => count - must(before[i]));
const shed = async (by: TestServer, reason: string) =>
  seriesValue(await by.app.metrics.text(), `${metricNames.requestsShed}{reason="${reason}"}`);

test("without thresholds the most accurate student answers, as without a cascade", async () => {
  const before = await counts();
  expect(await ask({})).toMatchObject({ student: "large" });
  await calibrate(0, {}, { version: "000000000000" });
  expect(await ask({})).toMatchObject({ student: "large" });
  expect(await countsSince(before)).toEqual([0, 0, 0]);
});

test("what the fast student is sure of is its answer", async () => {
  await calibrate(0);
  const before = await counts();
  expect(await ask({})).toMatchObject({ student: "small" });
  expect(await countsSince(before)).toEqual([1, 0, 0]);
});

test("what it is not sure of is answered by the larger one, as that alone answers", async () => {
  await calibrate(1);
  const before = await counts();
  expect(await ask({})).toEqual(await ask({ student: "large" }));
  expect(await countsSince(before)).toEqual([0, 1, 0]);
});

/** So that the fast student is sure of two of the texts, and of two it is not. */
async function calibrateBetween(): Promise<void> {
  const { results } = await ask({ inputs: texts, student: "small" });
  const scores: number[] = results.map((result) => result.score).sort();
  await calibrate(((scores[1] as number) + (scores[2] as number)) / 2);
}

test("each result that another student than the reply's gave names it", async () => {
  await calibrateBetween();
  const before = await counts();
  const { student, results } = await ask({ inputs: texts });
  expect(student).toBe("large");
  expect(results.filter((result) => result.student === "small")).toHaveLength(2);
  expect(await countsSince(before)).toEqual([2, 2, 0]);
});

test("a correction is of the student that gave the item's result, in its own version", async () => {
  await calibrateBetween();
  const reply = await server.post("/v1/sentiment", { inputs: texts });
  const { results } = (await reply.json()) as Reply;
  const names = new Set<string>();
  for (const [index, { student = "large" }] of results.entries()) {
    names.add(student);
    await server.post("/v1/feedback", { reply: reply.headers.get("x-request-id"), index, label: "positive" });
    expect(readFeedback(feedback).at(-1)).toMatchObject({ said: { student, version: read(student).version } });
  }
  expect(names).toEqual(new Set(["small", "large"]));
});

test("thresholds go by the language that the fast student takes the text for", async () => {
  await calibrate(0, { de: 1, en: 1, es: 1, fr: 1, ja: 1, pt: 1, zh: 1 });
  expect(await ask({})).toMatchObject({ student: "large" });
});

test("a request that names its student, or asks another task, gets no cascade", async () => {
  await calibrate(0);
  const before = await counts();
  expect(await ask({ student: "small" })).toMatchObject({ student: "small" });
  await server.post("/v1/filter", { inputs: "good" });
  expect(await countsSince(before)).toEqual([0, 0, 0]);
});

test("without time for the larger student the fast one's answer stands, as a downgrade", async () => {
  await calibrate(1);
  const { speeds } = server.app.batcher;
  const large = server.app.registry.students().find((student) => student.manifest.name === "large");
  for (let i = 0; i < 300; i++) speeds.batchDone(large as never, { priorMs: 1, workedMs: 1, tookMs: 1 });
  const [before, shedBefore] = [await counts(), await shed(server, "budget")];
  expect(await ask({ latencyBudgetMs: 250 })).toMatchObject({ student: "small", downgraded: true });
  expect(await countsSince(before)).toEqual([0, 0, 1]);
  // It was answered, so it was not shed.
  expect((await shed(server, "budget")) - shedBefore).toBe(0);
});

test("the larger one may be half a point below the most accurate, no more", async () => {
  await calibrate(0);
  const addOther = async (score: number) => {
    writeTinyStudent(server.folder("other"), { name: "other", seed: 5, score, latencyMs: [200, 200, 200] });
    await server.app.registry.scan();
  };
  await addOther(0.804);
  expect(await ask({})).toMatchObject({ student: "small" });
  await addOther(0.81);
  expect(await ask({})).toMatchObject({ student: "other" });
});

const large = { name: "large", layers: 1, score: 0.8, latencyMs: [300, 300, 300] } as const;
function cascadeToLarge(threshold: number): Cascade {
  const { name, version } = tinyManifest(large);
  const quality = { kept: 0.5, accuracy: 0.7, largeAccuracy: 0.7, rows: 100 };
  return { to: { name, version }, tasks: [{ task: "sentiment", threshold, languages: {}, ...quality }] };
}

test("what the queue has no room for, but the fast student has answered, is not counted as shed", async () => {
  const small = { name: "small", layers: 0, score: 0.6, cascade: cascadeToLarge(1) } as const;
  const full = await startTestServer([large, small], { cascade: true, workers: 1, queueLimit: 4 });
  onTestFinished(() => full.end());
  const { batcher } = full.app;
  const [first, second] = [full.newHold(), full.newHold()];
  const answered = full.post("/v1/sentiment", { inputs: [first.text, "good"] });
  await full.untilIdle(0);
  const next = full.post("/v1/sentiment", { inputs: second.text, student: "large" });
  await eventually(() => expect(batcher.depth()).toBe(1));
  const pairs = Array(3).fill({ source: "a", target: "b" });
  const last = full.post("/v1/translation/adequacy", { inputs: pairs, student: "large" });
  await eventually(() => expect(batcher.depth()).toBe(4));
  first.release();
  expect(await (await answered).json()).toMatchObject({ student: "small", downgraded: true });
  expect(await shed(full, "queue_full")).toBe(0);
  second.release();
  expect([(await next).status, (await last).status]).toEqual([200, 200]);
});

test("a budget that only a student faster than the cascade's can keep is kept by that one", async () => {
  const cascade = cascadeToLarge(0);
  const middle = { name: "middle", layers: 0, seed: 2, score: 0.7, latencyMs: [100, 100, 100], cascade } as const;
  const fastest = { name: "fastest", layers: 0, score: 0.6, latencyMs: [0.1, 0.1, 0.1] } as const;
  const three = await startTestServer([large, middle, fastest], { cascade: true });
  onTestFinished(() => three.end());
  const studentFor = async (latencyBudgetMs: number) =>
    (await (await three.post("/v1/sentiment", { inputs: "good", latencyBudgetMs })).json()) as Reply;
  expect(await studentFor(50)).toMatchObject({ student: "fastest", downgraded: true });
  expect(await shed(three, "budget")).toBe(0);
  expect(await studentFor(60_000)).toMatchObject({ student: "middle" });
});

test.each([
  ["the fastest", []],
  ["not the fastest", [{ name: "fastest", layers: 0, score: 0.6, latencyMs: [0.1, 0.1, 0.1] } as const]],
])("a client that has left costs no second student a try where the fast one is %s", async (_, more) => {
  const cascade = cascadeToLarge(1);
  const fast = { name: "fast", layers: 0, seed: 2, score: 0.7, latencyMs: [1, 1, 1], cascade } as const;
  const left = await startTestServer([large, fast, ...more], { cascade: true });
  onTestFinished(() => left.end());
  const question = { tasks: ["sentiment"], input: "text", client: { aborted: true } } as const;
  const { answers } = await answerInCascade(left.app, question, [{ texts: ["good"] }]);
  expect(answers).toEqual([expect.any(UnavailableError)]);
  expect(await shed(left, "client_left")).toBe(1);
});

test("what comes too late for the fast student is not offered as work again when another one is asked", async () => {
  const middle = { name: "middle", layers: 0, seed: 2, score: 0.7, latencyMs: [1000, 1000, 1000] } as const;
  const fastest = { name: "fastest", layers: 0, score: 0.6, latencyMs: [0.1, 0.1, 0.1] } as const;
  const students = [large, { ...middle, cascade: cascadeToLarge(0) }, fastest];
  const three = await startTestServer(students, { cascade: true, workers: 1 });
  onTestFinished(() => three.end());
  const { batcher, registry } = three.app;
  const idOf = (student: string) => registry.students().find(({ manifest }) => manifest.name === student)?.id ?? "";
  const release = await three.hold("fastest");
  const answered = three.post("/v1/sentiment", { inputs: "good", latencyBudgetMs: 2000 });
  await eventually(() => expect(batcher.depth()).toBe(1));
  // The fast student has less time left then than it takes.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await Promise.all([release(), answered]);
  // What the fast student was asked is work for whoever answers the rest; offered once more, it would be so for each as its own.
  const shareOf = (student: string) => batcher.offered.busyShare(idOf(student), 10_000);
  expect(shareOf("fastest")).toBeGreaterThan(0.01);
  expect(shareOf("middle") / shareOf("fastest")).toBeCloseTo(1, 1);
});
