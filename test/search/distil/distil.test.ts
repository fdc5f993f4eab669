import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { distil } from "../../../search/distil/distil.ts";
import { distilBatch, distilStream } from "../../../search/distil/distil-stream.ts";
import type { Heritage } from "../../../search/distil/inherit.ts";
import { uniformAndLast } from "../../../search/distil/state-maps.ts";
import { type StateTargets, unpackRow } from "../../../search/distil/targets.ts";
import { runProxyTrial } from "../../../search/distil/trial.ts";
import { tableName, type Weights } from "../../../search/student/weights.ts";
import { batchOf, startTeacher } from "../../../search/teacher/hidden-states.ts";
import type { Teacher } from "../../../search/teacher/teacher.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { openSession } from "../../../src/onnx/session.ts";
import { pearson } from "../../../src/stats.ts";
import { root, tinyHeritage, tinySequences, tinyStates, tinyTeacher } from "./tiny-heritage.ts";

let teacher: Teacher;
let sequences: Int32Array[];
let targets: StateTargets;
let heritage: Heritage;
let small: Architecture;
let flat: Architecture;
beforeAll(async () => {
  teacher = tinyTeacher({ kind: "xlm-roberta" });
  sequences = tinySequences(150, teacher.architecture.vocabulary);
  targets = await tinyStates(teacher, sequences);
  heritage = await tinyHeritage(teacher, sequences);
  small = { ...teacher.architecture, layers: 1, tableWidth: 8 };
  flat = { ...teacher.architecture, layers: 0, hidden: 8, tableWidth: 8, heads: 0, ffn: 0 };
});
afterAll(() => rmSync(root, { recursive: true }));

const options = {
  tokens: 60_000,
  seed: 1,
  threads: 1,
  positions: 16,
  validationTexts: 30,
  onProgress: () => undefined,
};

test("stateTargets() holds the teacher's states, standardised, in the order of the texts", async () => {
  const { hidden } = teacher.architecture;
  const running = await startTeacher(teacher, { precision: "fp32", threads: 1 });
  // Standardising keeps the order within a dimension, so the same dimension of many tokens must correlate.
  const [exact, stored] = [[] as number[], [] as number[]];
  const row = new Float32Array(hidden);
  for (const text of [0, 7, 33, 149]) {
    const outputs = await running.run(batchOf(sequences, [text], teacher.padId));
    const states = must(outputs.hidden_2).data as Float32Array;
    for (let t = 0; t < must(sequences[text]).length; t++) {
      unpackRow(must(targets.layers.get(2)), must(targets.offsets[text]) + t, hidden, row, 0);
      exact.push(must(states[t * hidden + 3]));
      stored.push(must(row[3]));
    }
  }
  await running.release();
  expect(pearson(exact, stored)).toBeGreaterThan(0.999);
});

test("stateTargets() has about mean 0 and deviation 1 in every dimension", () => {
  const { hidden } = teacher.architecture;
  const row = new Float32Array(hidden);
  const values = Array.from({ length: must(targets.offsets.at(-1)) }, (_, i) => {
    unpackRow(must(targets.layers.get(3)), i, hidden, row, 0);
    return must(row[5]);
  });
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.1);
  expect(Math.abs(variance - 1)).toBeLessThan(0.15);
});

test("stateTargets() reads what it computed before, and computes other texts anew", async () => {
  const reports: number[] = [];
  const again = await tinyStates(teacher, sequences, { onProgress: (done) => reports.push(done) });
  expect(isDeepStrictEqual(again, targets)).toBe(true);
  expect(reports).toEqual([]);
  await tinyStates(teacher, sequences.slice(1), { onProgress: (done, total) => reports.push(done / total) });
  expect(reports.at(-1)).toBe(1);
});

test("stateTargets() keeps states by layers, weights and texts, where caches of earlier versions have them", () => {
  const { architecture, weights } = teacher;
  const hash = createHash("sha256").update(Array.from({ length: architecture.layers + 1 }, (_, i) => i).join());
  const arrays = [...[...weights.values()].map(({ data }) => data), ...sequences];
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(Buffer.from(buffer, byteOffset, byteLength));
  expect(readdirSync(join(root, "states"))).toContain(hash.digest("hex").slice(0, 12));
});

test("stateTargets() takes what another search has put in place meanwhile", async () => {
  const texts = sequences.slice(2, 40);
  const both = await Promise.all([tinyStates(teacher, texts), tinyStates(teacher, texts)]);
  expect(isDeepStrictEqual(...both)).toBe(true);
  expect(readdirSync(join(root, "states")).filter((name) => name.includes("draft"))).toEqual([]);
});

test("distilBatch() puts each text's states beside its tokens and weighs padding with nothing", () => {
  const { batch, targets: feeds } = distilBatch(
    targets,
    [3, 8],
    { maps: uniformAndLast(1, 3), relation: null, hidden: 16 },
    teacher.padId,
  );
  const { hidden } = teacher.architecture;
  const states = must(feeds.teacher_3).data as Float32Array;
  const expected = new Float32Array(hidden);
  unpackRow(must(targets.layers.get(3)), must(targets.offsets[8]) + 1, hidden, expected, 0);
  expect(states.slice((batch.tokens + 1) * hidden, (batch.tokens + 2) * hidden)).toEqual(expected);
  const weights = Array.from(must(feeds.token_weight).data as Float32Array);
  expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  expect(weights.every((weight, i) => weight > 0 === must(batch.mask[i]) > 0)).toBe(true);
  expect(Object.keys(feeds).sort()).toEqual(["row_weight", "teacher_3", "teacher_pooled", "token_weight"]);
});

test("distilStream() is the same under a seed, and a bug without texts", () => {
  const stream = { seed: 5, limits: { rows: 8, tokens: 64 }, padId: teacher.padId };
  const imitation = { maps: uniformAndLast(1, 3), relation: null, hidden: 16 };
  const texts = [...sequences.keys()];
  const run = () => {
    const batches = distilStream(targets, texts, imitation, stream);
    return Array.from({ length: 40 }, () => batches.next().value.batch);
  };
  expect(isDeepStrictEqual(run(), run())).toBe(true);
  expect(() => distilStream(targets, [], imitation, stream).next()).toThrow("texts to distil from");
});

test("distil() is repeatable under a seed", async () => {
  const [first, second] = [
    await distil(small, targets, heritage, { ...options, tokens: 2000 }),
    await distil(small, targets, heritage, { ...options, tokens: 2000 }),
  ];
  expect(isDeepStrictEqual(second, first)).toBe(true);
});

test("distil() lowers the loss on texts that it did not learn from", async () => {
  const before = await distil(small, targets, heritage, { ...options, tokens: 1 });
  const after = await distil(small, targets, heritage, options);
  expect(after.pooledLoss).toBeLessThan(0.91 * before.pooledLoss);
  expect(must(after.hiddenLoss)).toBeLessThan(0.91 * must(before.hiddenLoss));
  expect(after.tokens).toBeGreaterThanOrEqual(options.tokens);
  expect([...after.weights.keys()].some((name) => name.startsWith("map."))).toBe(false);
});

test("distil() begins with maps that fit: a whole copy of the teacher explains it before it has learned anything", async () => {
  const copy = await distil(teacher.architecture, targets, heritage, { ...options, tokens: 1 });
  expect(copy.pooledLoss).toBeLessThan(0.05);
  expect(must(copy.hiddenLoss)).toBeLessThan(0.05);
});

test("distilBatch() gives queries, keys and values as the teacher has them", async () => {
  const related = await tinyStates(teacher, sequences.slice(0, 20), { relationLayer: 2 });
  const running = await startTeacher(teacher, { precision: "fp32", threads: 1, relationLayers: [2] });
  const imitation = { maps: [], relation: { teacherLayer: 2, heads: 4 }, hidden: 16 };
  const { batch, targets: feeds } = distilBatch(related, [3, 8], imitation, teacher.padId);
  const exact = must((await running.run(batch)).qkv_2).data as Float32Array;
  await running.release();
  const given = must(feeds.teacher_qkv).data as Float32Array;
  const errors = Array.from(given, (x, i) => Math.abs(x - must(exact[i]))).filter(
    (_, i) => batch.mask[Math.floor(i / 48)] === 1,
  );
  expect(Math.max(...errors)).toBeLessThan(0.06 * Math.max(...exact.map(Math.abs)));
  expect(Array.from(must(feeds.shape_relation).data as BigInt64Array, Number)).toEqual([2, batch.tokens, 3, 4, 4]);
});

test.each(["relation", "both"] as const)(
  "distil() by %s lowers the loss of the pooled vector too",
  async (transfer) => {
    const related = await tinyStates(teacher, sequences, { relationLayer: teacher.architecture.layers });
    const before = await distil(small, related, heritage, { ...options, transfer, tokens: 1 });
    const after = await distil(small, related, heritage, { ...options, transfer });
    expect(after.pooledLoss).toBeLessThan(0.93 * before.pooledLoss);
    expect(after.hiddenLoss === null).toBe(transfer === "relation");
  },
);

test("distil() by relations needs a teacher whose relations are at hand", async () => {
  await expect(distil(small, targets, heritage, { ...options, transfer: "relation", tokens: 500 })).rejects.toThrow(
    "queries, keys and values of the teacher",
  );
});

test("distil() of a static student has a pooled loss only", async () => {
  const before = await distil(flat, targets, heritage, { ...options, tokens: 1 });
  const { hiddenLoss, pooledLoss, weights } = await distil(flat, targets, heritage, { ...options, tokens: 8000 });
  expect(hiddenLoss).toBeNull();
  expect(pooledLoss).toBeLessThan(before.pooledLoss);
  expect([...weights.keys()]).toEqual([tableName]);
});

const heads = [
  { task: "text", input: "text", labels: 3 } as const,
  { task: "pair", input: "pair", labels: 2 } as const,
];

test("runProxyTrial() gives the loss and an artefact with the heads it will be served with", async () => {
  const result = await runProxyTrial(small, targets, heritage, { ...options, tokens: 500, heads });
  if (result.status !== "ok") return expect.fail(result.reason);
  expect(result.distilled.pooledLoss).toBeGreaterThan(0);
  const session = await openSession(result.artefact, { threads: 1 });
  expect([...session.outputNames].sort()).toEqual(["logits_text", "pooled"]);
  expect([...session.inputNames].sort()).toEqual(["ids", "mask"]);
  await session.release();
});

test("runProxyTrial() fails alone where the loss is no number", async () => {
  const weights: Weights = new Map(teacher.weights);
  const gamma = must(weights.get("embedNorm.gamma"));
  weights.set("embedNorm.gamma", { ...gamma, data: gamma.data.map(() => Number.NaN) });
  const broken = { ...heritage, teacher: { ...teacher, weights } };
  const result = await runProxyTrial(small, targets, broken, { ...options, tokens: 40_000, heads });
  expect(result).toMatchObject({ status: "failed", reason: expect.stringContaining("NaN") });
});

test("runProxyTrial() does not hide a bug behind a failed trial", async () => {
  const broken = { ...targets, layers: new Map() };
  await expect(runProxyTrial(small, broken, heritage, { ...options, heads })).rejects.toThrow(
    "states of teacher layer",
  );
});
