import { truncateSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { promoteCandidate } from "../../../search/export/candidate-folder.ts";
import { isSampled } from "../../../serve/rollout/sample.ts";
import type { Ensemble } from "../../../src/contract/manifest.ts";
import { startTestServer, type TestServer } from "../../fixtures/test-server.ts";
import { declaredTask, tinyManifest } from "../../fixtures/tiny-student.ts";
import { ask, live, putBeside, rolloutOnce, shown, soon } from "./candidate.ts";

// What is waited for may take a busy machine a minute.
vi.setConfig({ testTimeout: 120_000 });

let server: TestServer;
afterEach(() => server.end());

const cut = (folder: string) => truncateSync(join(folder, "model.onnx"), 1000);
const texts = ["good", "bad", "good day", "the worst day of my life", "ok"];

test("a shadow changes no reply, and what it says is compared task by task", async () => {
  server = await startTestServer([live]);
  const alone = await Promise.all(texts.map((text) => ask(server, text)));
  const { version } = putBeside(server.models, { ...live, seed: 2 }, { stage: "shadow" });
  await rolloutOnce(server, ({ candidate }) => candidate.version === version);
  for (const [i, text] of texts.entries()) expect(await ask(server, text)).toEqual(alone[i]);
  const rollout = await rolloutOnce(server, (seen) => seen.texts === texts.length);
  expect(rollout).toMatchObject({ stage: "shadow", share: 1, failed: 0, skipped: 0 });
  const { sentiment, filter } = rollout.agreement;
  expect(sentiment?.texts).toBe(texts.length);
  expect(sentiment?.meanDistance).toBeGreaterThan(0);
  expect(filter?.texts).toBe(0);
  expect(rollout.workMs.candidate?.p95).toBeGreaterThan(0);
  expect(rollout.workMs.live?.p95).toBeGreaterThan(0);
  const metrics = await server.app.metrics.text();
  const labels = `student="one",candidate="${version}"`;
  expect(metrics).toContain(`kdnas_rollout_texts_total{${labels},stage="shadow"} ${texts.length}`);
  expect(metrics).toContain(
    `kdnas_rollout_agreement_total{task="sentiment",${labels},verdict="agree"} ${sentiment?.agreed}`,
  );
  expect(metrics).toContain(`kdnas_rollout_stage{${labels},stage="shadow"} 1`);
  expect(metrics).toContain(`kdnas_rollout_work_seconds_count{${labels},stage="shadow",role="live"} ${texts.length}`);
  // What production is read from is of the live student alone.
  expect(metrics).toContain(`kdnas_texts_total{task="sentiment",student="one"} ${2 * texts.length}`);
  expect(metrics).toContain(`kdnas_stage_duration_seconds_count{student="one",stage="infer"} ${2 * texts.length}`);
});

test("a student that has learnt another task besides agrees on every text, pairs too", async () => {
  server = await startTestServer([live]);
  putBeside(server.models, { ...live, declared: [declaredTask("rating", "text", ["low", "high"])] }, {});
  await rolloutOnce(server, ({ texts }) => texts === 0);
  for (const text of texts) await ask(server, text);
  await server.post("/v1/translation/adequacy", { inputs: { source: "good", target: "bad" } });
  const { agreement } = await rolloutOnce(server, (seen) => seen.texts === texts.length + 1);
  expect(agreement.sentiment).toMatchObject({ texts: texts.length, agreed: texts.length });
  expect(agreement.adequacy).toMatchObject({ texts: 1, agreed: 1 });
});

test("a shadow's share is drawn by request id: the same ids are asked again, and no others", async () => {
  server = await startTestServer([live]);
  const { version } = putBeside(server.models, { ...live, seed: 2 }, { stage: "shadow", share: 0.2 });
  await rolloutOnce(server, ({ texts }) => texts === 0);
  const ids = Array.from({ length: 100 }, (_, i) => `request-${i}`);
  const drawn = ids.filter((id) => isSampled(`shadow ${version}`, id, 0.2));
  const askedOf = async (some: readonly string[], total: number) => {
    for (const id of some) await ask(server, "good", { "x-request-id": id });
    await rolloutOnce(server, ({ texts, skipped }) => texts + skipped === total);
  };
  await askedOf(
    ids.filter((id) => !drawn.includes(id)),
    0,
  );
  await askedOf(drawn, drawn.length);
  await askedOf(ids, 2 * drawn.length);
});

test.each([
  ["a file that was cut", { ...live, seed: 2 }, cut, /model\.onnx: 1000/],
  ["numbers that are none", { ...live, layers: 1, faultyFrom: 4 }, undefined, /gave no numbers/],
  ["a task too few", { ...live, tasks: ["sentiment"] }, undefined, /does not answer filter over a text/],
])("a candidate with %s is refused and shown, and the live student answers on", async (_, student, damage, message) => {
  server = await startTestServer([live]);
  const before = await ask(server, "good");
  putBeside(server.models, student, { stage: "canary" }, damage);
  const rollout = await rolloutOnce(server, ({ refused }) => refused !== undefined);
  expect(rollout.refused).toMatch(message);
  expect(await ask(server, "good")).toEqual(before);
  expect(await server.app.metrics.text()).toContain('kdnas_student_loads_total{student="one",outcome="failed"} 1');
});

test("a shadow that fails on long texts is counted, and after five failures in a row asked no more", async () => {
  server = await startTestServer([live]);
  const long = "good ".repeat(60);
  const before = await ask(server, long);
  putBeside(server.models, { ...live, layers: 1, faultyFrom: 40 }, {});
  await rolloutOnce(server, ({ texts }) => texts === 0);
  for (let i = 1; i <= 5; i++) {
    expect(await ask(server, long)).toEqual(before);
    await rolloutOnce(server, ({ failed }) => failed === i);
  }
  const { suspended } = await rolloutOnce(server, (seen) => seen.suspended !== undefined);
  expect(suspended).toMatch(/5 failures in a row, the last: one gave no numbers for sentiment/);
  for (let i = 0; i < 5; i++) expect(await ask(server, long)).toEqual(before);
  expect((await shown(server)).students[0]?.rollout?.texts).toBe(5);
  expect(await server.app.metrics.text()).toMatch(/kdnas_rollout_suspended\{.*\} 1/);
});

test("a request whose texts all fail is one failure of the shadow, however many they are", async () => {
  server = await startTestServer([live]);
  putBeside(server.models, { ...live, layers: 1, faultyFrom: 40 }, {});
  await rolloutOnce(server, ({ texts }) => texts === 0);
  await ask(server, Array(5).fill("good ".repeat(60)));
  const { suspended } = await rolloutOnce(server, ({ failed }) => failed === 5);
  expect(suspended).toBeUndefined();
});

test("a shadow that takes its worker down fails no request and is asked nothing more", async () => {
  server = await startTestServer([live]);
  const { version } = putBeside(server.models, { ...live, seed: 2 }, {});
  await rolloutOnce(server, ({ texts }) => texts === 0);
  await ask(server, `!die one@${version}`);
  const rollout = await rolloutOnce(server, ({ suspended }) => suspended !== undefined);
  expect(rollout.suspended).toMatch(/a worker was lost while it ran/);
  for (const text of texts) await ask(server, text);
});

test("a shadow that hangs is given up, and the other worker answers meanwhile", async () => {
  server = await startTestServer([live]);
  const { version } = putBeside(server.models, { ...live, seed: 2 }, {});
  await rolloutOnce(server, ({ texts }) => texts === 0);
  await ask(server, `!block 6000 one@${version}`);
  let answered = 0;
  const asked = (async () => {
    for (; answered < 20; answered++) await ask(server, "good");
  })();
  await rolloutOnce(server, ({ suspended }) => suspended !== undefined);
  await asked;
  expect(answered).toBe(20);
});

test("a shadow answers in no live student's ensemble before it is live itself", async () => {
  const { name, version, latency } = tinyManifest({ ...live, seed: 2 });
  const score = { task: "sentiment", dataSet: "s", language: "en", metric: "macroF1", rows: 9 } as const;
  const ensemble: Ensemble = {
    members: [{ name, version }],
    tasks: [{ task: "sentiment", weights: [1, 3] }],
    scores: [{ ...score, student: 0.9, teacher: null }],
    latency,
  };
  server = await startTestServer([live, { name: "two", layers: 0, seed: 3, ensemble }]);
  const askTwo = async () => {
    const response = await server.post("/v1/sentiment", { inputs: "good", student: "two" });
    return await response.json();
  };
  const alone = await askTwo();
  putBeside(server.models, { ...live, seed: 2 }, { stage: "shadow" });
  await rolloutOnce(server, ({ candidate, refused }) => candidate.version === version && refused === undefined);
  expect(await askTwo()).toEqual(alone);
  promoteCandidate(server.models, "one", "held its rule", new Date());
  await soon(async () => expect(await askTwo()).not.toEqual(alone));
});
