import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Heritage, inheritWeights } from "../../../search/distil/inherit.ts";
import { contextlessVectors, inverseFrequency, tokenShares } from "../../../search/distil/token-vectors.ts";
import { encoderParameters, tableName, type Weights, weightOf } from "../../../search/student/weights.ts";
import { batchOf, startTeacher } from "../../../search/teacher/hidden-states.ts";
import type { Teacher } from "../../../search/teacher/teacher.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";
import { root, tinyHeritage, tinySequences, tinyTeacher } from "./tiny-heritage.ts";

const positions = 16;
let teacher: Teacher;
let heritage: Heritage;
let sequences: Int32Array[];
beforeAll(async () => {
  teacher = tinyTeacher();
  sequences = tinySequences(60, teacher.architecture.vocabulary);
  heritage = await tinyHeritage(teacher, sequences);
});
afterAll(() => rmSync(root, { recursive: true }));

const inherit = (change: Partial<Architecture>) =>
  inheritWeights({ ...teacher.architecture, ...change }, positions, heritage, createRandom(1));

async function pooledOf(change: Partial<Architecture>, weights: Weights): Promise<number[]> {
  const student = { ...teacher, architecture: { ...teacher.architecture, ...change }, weights };
  const running = await startTeacher(student, { precision: "fp32", threads: 1 });
  const outputs = await running.run(batchOf(sequences, [0, 1, 2, 3], teacher.padId));
  await running.release();
  return Array.from(must(outputs.pooled).data as Float32Array);
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((worst, x, i) => Math.max(worst, Math.abs(x - must(b[i]))), 0);
}

test("inheritWeights() of a student like the teacher is the teacher", async () => {
  const weights = await inherit({});
  expect(difference(await pooledOf({}, weights), await pooledOf({}, teacher.weights))).toBeLessThan(1e-4);
});

test("inheritWeights() of a narrower table keeps what tokens and positions need most", async () => {
  const change = { tableWidth: 12 };
  const exact = await pooledOf({}, teacher.weights);
  const inherited = squares(await pooledOf(change, await inherit(change)), exact);
  // The same but for a table cut to its first twelve columns.
  const weights = await inherit(change);
  for (const name of [tableName, "position"]) {
    const { dims, data } = weightOf(teacher.weights, name);
    const kept = data.filter((_, i) => i % must(dims[1]) < 12);
    weights.set(name, { dims: [kept.length / 12, 12], data: kept });
  }
  const identity = Float32Array.from({ length: 12 * 16 }, (_, i) => (Math.floor(i / 16) === i % 16 ? 1 : 0));
  weights.set("project.weight", { dims: [12, 16], data: identity });
  expect(inherited).toBeLessThan(0.7 * squares(await pooledOf(change, weights), exact));
});

function squares(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + (x - must(b[i])) ** 2, 0);
}

test("inheritWeights() of fewer layers gives the states that the teacher has after them", async () => {
  const statesOf = async (layers: number, weights: Weights) => {
    const architecture = { ...teacher.architecture, layers };
    const running = await startTeacher({ ...teacher, architecture, weights }, { precision: "fp32", threads: 1 });
    const { hidden_2 } = await running.run(batchOf(sequences, [0, 1], teacher.padId));
    await running.release();
    return must(hidden_2).data as Float32Array;
  };
  const exact = await statesOf(3, teacher.weights);
  expect(difference(await statesOf(2, await inherit({ layers: 2 })), exact)).toBeLessThan(1e-4);
});

test("inheritWeights() keeps the feed-forward neurons with the largest weights", async () => {
  const { ffn, hidden } = teacher.architecture;
  const [up, down] = ["up", "down"].map((part) => weightOf(teacher.weights, `layer.0.${part}.weight`).data);
  const strength = Array.from({ length: ffn }, (_, neuron) => {
    const incoming = Array.from({ length: hidden }, (_, k) => must(must(up)[k * ffn + neuron]) ** 2);
    const outgoing = Array.from({ length: hidden }, (_, k) => must(must(down)[neuron * hidden + k]) ** 2);
    return incoming.reduce((a, b) => a + b) * outgoing.reduce((a, b) => a + b);
  });
  const fourth = must(strength.toSorted((a, b) => b - a)[3]);
  const strongest = Array.from(strength.keys()).filter((neuron) => must(strength[neuron]) >= fourth);
  const small = weightOf(await inherit({ ffn: 4 }), "layer.0.down.weight");
  expect(small.dims).toEqual([4, hidden]);
  const kept = strongest.flatMap((neuron) => [...must(down).subarray(neuron * hidden, (neuron + 1) * hidden)]);
  expect(Array.from(small.data)).toEqual(kept);
});

test.each<[string, Partial<Architecture>]>([
  ["a narrower student", { hidden: 8, heads: 2, tableWidth: 4 }],
  ["a wider student", { hidden: 24, heads: 2, tableWidth: 8 }],
  ["a narrower student without a projection", { hidden: 8, heads: 2, tableWidth: 8 }],
  ["a student with a wider feed-forward layer", { ffn: 32 }],
  ["a static student", { layers: 0, hidden: 8, heads: 0, ffn: 0, tableWidth: 8 }],
])("inheritWeights() of %s has every weight in its shape, all finite", async (_, change) => {
  const a = { ...teacher.architecture, ...change };
  const weights = await inherit(change);
  const shapes = [{ name: tableName, dims: [a.vocabulary, a.tableWidth] }, ...encoderParameters(a, positions)];
  expect([...weights.keys()].sort()).toEqual(shapes.map(({ name }) => name).sort());
  for (const { name, dims } of shapes) {
    const weight = weightOf(weights, name);
    expect(weight.dims, name).toEqual(dims);
    expect(weight.data.length, name).toBe(dims.reduce((x, y) => x * y, 1));
    expect(weight.data.every(Number.isFinite), name).toBe(true);
  }
});

test("inheritWeights() copies: training a student leaves the teacher alone", async () => {
  const before = structuredClone(teacher.weights);
  for (const { data } of (await inherit({})).values()) data.fill(7);
  expect(teacher.weights).toEqual(before);
});

test("inheritWeights() of a static student has vectors of one length for tokens that occur, and none for others", async () => {
  const table = weightOf(await inherit({ layers: 0, hidden: 8, heads: 0, ffn: 0, tableWidth: 8 }), tableName);
  const occurring = new Set(sequences.flatMap((ids) => [...ids]));
  const squares = table.data.reduce((sum, x) => sum + x * x, 0);
  expect(squares / (8 * occurring.size)).toBeCloseTo(1, 4);
  const { vocabulary } = teacher.architecture;
  for (const [id, vector] of Array.from(
    { length: vocabulary },
    (_, i) => [i, table.data.subarray(8 * i, 8 * i + 8)] as const,
  ))
    expect(vector.some((x) => x !== 0)).toBe(occurring.has(id));
});

test("contextlessVectors() is the pooled state of each token alone, zero for tokens that do not occur", async () => {
  const { vocabulary, hidden } = teacher.architecture;
  const shares = tokenShares(sequences, vocabulary);
  let calls = 0;
  const options = { most: 1000, threads: 1, cacheFolder: `${root}/vectors`, onProgress: () => calls++ };
  const vectors = await contextlessVectors(teacher, shares, options);
  const id = must(must(sequences[0])[1]);
  const alone = Int32Array.of(teacher.beginId, id, teacher.endId);
  const running = await startTeacher(teacher, { precision: "fp32", threads: 1 });
  const { pooled } = await running.run(batchOf([alone], [0], teacher.padId));
  await running.release();
  expect(
    difference(vectors.data.slice(id * hidden, (id + 1) * hidden), must(pooled).data as Float32Array),
  ).toBeLessThan(1e-5);
  expect(vectors.data.slice((vocabulary - 1) * hidden).every((x) => x === 0)).toBe(true);
  const computed = calls;
  expect(await contextlessVectors(teacher, shares, options)).toEqual(vectors);
  expect(calls).toBe(computed);
});

test("tokenShares() counts all tokens and inverseFrequency() plays frequent ones down", () => {
  const shares = tokenShares([Int32Array.of(0, 1, 1), Int32Array.of(0)], 3);
  expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1);
  expect(shares[1]).toBeCloseTo(2.1 / 4.3);
  const importance = inverseFrequency(Float64Array.of(0, 1e-3, 0.1));
  expect(Array.from(importance, (x) => Number(x.toFixed(3)))).toEqual([1, 0.5, 0.01]);
});
