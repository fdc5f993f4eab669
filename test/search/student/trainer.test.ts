import { expect, test } from "vitest";
import { batchFeeds } from "../../../search/student/batch-feeds.ts";
import { Trainer, type TrainerOptions } from "../../../search/student/trainer.ts";
import { type Objective, objectiveParameters, trainingGraph } from "../../../search/student/training-graph.ts";
import { encoderParameters, tableName, vectorInputs, type Weights, weightOf } from "../../../search/student/weights.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { BadFileError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { type Feeds, openSession, Tensor } from "../../../src/onnx/session.ts";
import type { Batch } from "../../../src/text/batch.ts";
import {
  oracle,
  oracleBatch,
  oracleObjectives,
  oracleTargets,
  oracleWeights,
  relativeDifference,
} from "./student-oracle.ts";
import {
  deep,
  distilling,
  fingerprint,
  floats,
  layerNormEpsilon,
  pairTask,
  positions,
  staticStudent,
  textTask,
  tinyBatch,
  tinyTargets,
  tinyWeights,
} from "./tiny-objective.ts";

const { architecture: a, settings } = oracle;
const options = { positions, layerNormEpsilon, threads: 1 };

function oracleParameters() {
  return [
    { name: tableName, dims: [a.vocabulary, a.tableWidth] },
    ...encoderParameters(a, settings.positions),
    ...[...oracleObjectives.values()].flatMap((objective) => objectiveParameters(a, objective)),
  ];
}

function oracleTrainer(): Trainer {
  const { positions, epsilon, headRate, clipNorm, weightDecay } = settings;
  return new Trainer(a, oracleWeights(oracleParameters()), oracleObjectives, {
    positions,
    layerNormEpsilon: epsilon,
    threads: 1,
    headRate,
    clipNorm,
    weightDecay,
  });
}

function trainerOf(a: Architecture, objectives: Record<string, Objective>, more: Partial<TrainerOptions> = {}) {
  const weights = tinyWeights(a, Object.values(objectives));
  return new Trainer(a, weights, new Map(Object.entries(objectives)), { ...options, ...more });
}

function snapshot(trainer: Trainer) {
  return structuredClone(trainer.state());
}

function copy(weights: Weights) {
  return new Map([...weights].map(([name, { data }]) => [name, Array.from(data)]));
}

/** Gradients by name; those of the token rows are added up to the table's. */
async function gradientsOf(objective: "task" | "distil"): Promise<Map<string, ArrayLike<number>>> {
  const { model } = trainingGraph(a, must(oracleObjectives.get(objective)), {
    positions: settings.positions,
    layerNormEpsilon: settings.epsilon,
  });
  const weights = oracleWeights(oracleParameters());
  const table = weightOf(weights, tableName).data;
  const rowOf = (id: number) => [...table.subarray(id * a.tableWidth, (id + 1) * a.tableWidth)];
  const embedded = Float32Array.from([...oracleBatch.ids].flatMap(rowOf));
  const all: Feeds = {
    ...batchFeeds(a, oracleBatch, embedded, settings.positions),
    ...oracleTargets(objective),
    ...Object.fromEntries([...weights].map(([name, { dims, data }]) => [name, floats(dims, data)])),
  };
  const session = await openSession(model, { threads: 1 });
  const outputs = await session.run(Object.fromEntries(session.inputNames.map((name) => [name, must(all[name])])));
  await session.release();
  const named = Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array] as const);
  const rows = must(outputs["grad:embedded"]).data as Float32Array;
  const sums = new Float32Array(table.length);
  oracleBatch.ids.forEach((id, i) => {
    for (let k = 0; k < a.tableWidth; k++) {
      const at = id * a.tableWidth + k;
      sums[at] = must(sums[at]) + must(rows[i * a.tableWidth + k]);
    }
  });
  return new Map<string, ArrayLike<number>>([...named, ["grad:table", sums]]);
}

test.each(["task", "distil"] as const)("loss and all gradients of a %s agree with PyTorch", async (objective) => {
  const { loss, gradients } = oracle[objective];
  const actual = await gradientsOf(objective);
  expect(actual.get("loss")?.[0]).toBeCloseTo(loss, 5);
  for (const [name, expected] of Object.entries(gradients)) {
    expect(relativeDifference(must(actual.get(`grad:${name}`), name), expected), name).toBeLessThan(1e-4);
  }
});

test("step() agrees with PyTorch's clipping by one norm and AdamW over tasks that take turns", async () => {
  const trainer = oracleTrainer();
  for (const { objective, loss, gradientNorm } of oracle.steps) {
    const result = await trainer.step(objective, oracleBatch, oracleTargets(objective), settings.learningRate);
    expect(Math.abs(result.loss / loss - 1)).toBeLessThan(1e-4);
    expect(Math.abs(result.gradientNorm / gradientNorm - 1)).toBeLessThan(1e-4);
  }
  for (const [name, { data }] of trainer.weights()) {
    expect(relativeDifference(known(name, data), known(name, must(oracle.final[name]))), name).toBeLessThan(1e-4);
  }
  await trainer.release();
});

/**
 * Known difference: softmax does not see the key's bias, so its gradient is 0 but for rounding, and Adam makes full steps of
 * what rounding leaves. It is left out.
 */
function known(name: string, values: ArrayLike<number>): number[] {
  const all = Array.from(values);
  return name.endsWith("qkv.bias") ? [...all.slice(0, a.hidden), ...all.slice(2 * a.hidden)] : all;
}

test("losses() gives the parts and leaves everything as it was", async () => {
  const trainer = oracleTrainer();
  const before = fingerprint(trainer);
  const losses = await trainer.losses("distil", oracleBatch, oracleTargets("distil"));
  expect(losses.loss).toBeCloseTo(oracle.distil.loss, 5);
  expect(Object.keys(losses)).toEqual(["loss", ...settings.maps.map(([s, t]) => `loss:map.${s}.${t}`)]);
  expect(fingerprint(trainer)).toEqual(before);
  await trainer.release();
});

test.each([
  ["a target", { target: floats([4, 3], Array(12).fill(Number.NaN)) }],
  ["an infinite weight", { weight: floats([4, 1], [Number.POSITIVE_INFINITY, 0, 0, 0]) }],
])("step() skips encoder, head and table alike when %s makes a gradient that is not finite", async (_, broken) => {
  const trainer = trainerOf(deep, { text: textTask });
  await trainer.step("text", tinyBatch, tinyTargets(textTask), 0.01);
  const [before, state] = [fingerprint(trainer), snapshot(trainer)];
  const result = await trainer.step("text", tinyBatch, { ...tinyTargets(textTask), ...broken }, 0.01);
  expect(Number.isFinite(result.gradientNorm)).toBe(false);
  expect(fingerprint(trainer)).toEqual(before);
  // What the broken step left behind must not reach the next one either.
  const twin = trainerOf(deep, { text: textTask });
  twin.restore(state);
  await trainer.step("text", tinyBatch, tinyTargets(textTask), 0.01);
  await twin.step("text", tinyBatch, tinyTargets(textTask), 0.01);
  expect(fingerprint(trainer)).toEqual(fingerprint(twin));
  await trainer.release();
  await twin.release();
});

test("step() does not see how far a batch is padded", async () => {
  const wide = padded(tinyBatch, 3);
  const [narrowTrainer, wideTrainer] = [trainerOf(deep, { text: textTask }), trainerOf(deep, { text: textTask })];
  const narrow = await narrowTrainer.step("text", tinyBatch, tinyTargets(textTask), 0.01);
  const result = await wideTrainer.step("text", wide, tinyTargets(textTask), 0.01);
  expect(result.loss).toBeCloseTo(narrow.loss, 5);
  expect(result.gradientNorm).toBeCloseTo(narrow.gradientNorm, 4);
  await narrowTrainer.release();
  await wideTrainer.release();
});

function padded({ rows, tokens, ids, mask }: Batch, more: number): Batch {
  const widened = <T extends Int32Array | Float32Array>(values: T, make: (length: number) => T): T => {
    const out = make(rows * (tokens + more));
    for (let row = 0; row < rows; row++)
      out.set(values.subarray(row * tokens, (row + 1) * tokens), row * (tokens + more));
    return out;
  };
  return {
    rows,
    tokens: tokens + more,
    ids: widened(ids, (length) => new Int32Array(length)),
    mask: widened(mask, (length) => new Float32Array(length)),
  };
}

test("step() on one objective leaves the others' heads alone, and rows that do not occur", async () => {
  const trainer = trainerOf(deep, { text: textTask, pair: pairTask });
  const before = copy(trainer.weights());
  await trainer.step("pair", tinyBatch, tinyTargets(pairTask), 0.01);
  const changed = [...copy(trainer.weights())].filter(([name, data]) => data.join() !== before.get(name)?.join());
  const names = changed.map(([name]) => name);
  expect(names).toContain("head.pair.out.weight");
  expect(names).toContain("layer.0.qkv.weight");
  expect(names.some((name) => name.startsWith("head.text"))).toBe(false);
  const row = (weights: ReadonlyMap<string, number[]>, id: number) =>
    must(weights.get(tableName)).slice(id * deep.tableWidth, (id + 1) * deep.tableWidth);
  expect(row(copy(trainer.weights()), 30)).toEqual(row(before, 30));
  expect(row(copy(trainer.weights()), 9)).not.toEqual(row(before, 9));
  await trainer.release();
});

test("step() leaves frozen layers and a frozen table as they are", async () => {
  const trainer = trainerOf(deep, { text: textTask }, { frozenLayers: 1, frozenTable: true });
  const before = copy(trainer.weights());
  await trainer.step("text", tinyBatch, tinyTargets(textTask), 0.01);
  const changed = [...copy(trainer.weights())].filter(([name, data]) => data.join() !== before.get(name)?.join());
  expect(changed.every(([name]) => name.startsWith("layer.1.") || name.startsWith("head."))).toBe(true);
  expect(changed.map(([name]) => name)).toContain("layer.1.qkv.weight");
  await trainer.release();
});

test.each([
  ["a deep student", deep, { text: textTask, pair: pairTask, distil: distilling }],
  ["a static student", staticStudent, { text: textTask, pair: pairTask }],
])("step() learns the data of %s by heart", async (_, a, objectives: Record<string, Objective>) => {
  const trainer = trainerOf(a, objectives);
  for (const [name, objective] of Object.entries(objectives)) {
    const targets = tinyTargets(objective);
    const first = must((await trainer.losses(name, tinyBatch, targets)).loss);
    for (let step = 0; step < 30; step++) await trainer.step(name, tinyBatch, targets, 0.01);
    const entropy = objective.kind === "task" ? 0.25 : 0;
    expect(must((await trainer.losses(name, tinyBatch, targets)).loss) - entropy).toBeLessThan(0.6 * first);
  }
  await trainer.release();
});

test("a trainer refuses weights of another length", () => {
  const weights = tinyWeights(deep, [pairTask]);
  const { dims, data } = weightOf(weights, "head.pair.dense.weight");
  weights.set("head.pair.dense.weight", { dims: [vectorInputs(deep), must(dims[1])], data: data.slice(1) });
  const make = () =>
    new Trainer(deep, weights, new Map([["pair", pairTask]]), { positions, layerNormEpsilon, threads: 1 });
  expect(make).toThrow(/head.pair.dense.weight has \d+ numbers, not \d+/);
});

test("restore() refuses a state of other objectives or of another size", async () => {
  const trainer = trainerOf(deep, { text: textTask });
  expect(() => trainer.restore(trainerOf(deep, { pair: pairTask }).state())).toThrow(BadFileError);
  expect(() => trainer.restore(trainerOf({ ...deep, layers: 1 }, { text: textTask }).state())).toThrow(BadFileError);
  await trainer.release();
});

test("a batch without an input that the objective needs is a bug that names it", async () => {
  const trainer = trainerOf(deep, { text: textTask });
  const targets = { target: new Tensor("float32", new Float32Array(12), [4, 3]) };
  await expect(trainer.step("text", tinyBatch, targets, 0.01)).rejects.toThrow("input weight is missing");
  await trainer.release();
});

test("a trainer with int8 steps learns what one with fp32 steps learns", async () => {
  const losses = new Map<string, number>();
  for (const precision of ["fp32", "int8"] as const) {
    const trainer = trainerOf(deep, { text: textTask }, { precision });
    for (let i = 0; i < 60; i++) await trainer.step("text", tinyBatch, tinyTargets(textTask), 3e-3);
    losses.set(precision, (await trainer.step("text", tinyBatch, tinyTargets(textTask), 0)).loss);
    await trainer.release();
  }
  const first = await trainerOf(deep, { text: textTask }).losses("text", tinyBatch, tinyTargets(textTask));
  expect(must(losses.get("int8"))).toBeLessThan(must(first.loss) / 2);
  expect(Math.abs(must(losses.get("int8")) - must(losses.get("fp32")))).toBeLessThan(0.1 * must(first.loss));
});
