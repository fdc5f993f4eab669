import { expect, test } from "vitest";
import { inferenceGraph, pairGraph } from "../../../search/student/inference-graph.ts";
import type { Precision } from "../../../search/student/inference-tensors.ts";
import {
  quantizeBlocks,
  quantizeColumns,
  restoreBlocks,
  restoreColumns,
  storedLimit,
} from "../../../search/student/quantize.ts";
import { Trainer } from "../../../search/student/trainer.ts";
import { mapName, type Objective } from "../../../search/student/training-graph.ts";
import { tableName, type Weight, type Weights, weightOf } from "../../../search/student/weights.ts";
import { embeddedFeeds } from "../../../search/teacher/hidden-states.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { openSession, Tensor } from "../../../src/onnx/session.ts";
import { softmax } from "../../../src/stats.ts";
import { type Batch, toBatch } from "../../../src/text/batch.ts";
import {
  deep,
  distilling,
  layerNormEpsilon,
  padId,
  pairTask,
  positions,
  staticStudent,
  textTask,
  tinyBatch,
  tinyTargets,
  tinyWeights,
  unprojected,
} from "./tiny-objective.ts";

const students: readonly [string, Architecture][] = [
  ["a deep student", deep],
  ["a student without a projection", unprojected],
  ["a static student", staticStudent],
];
const textHead = { task: "text", input: "text", labels: 3 } as const;
const pairHead = { task: "pair", input: "pair", labels: 2 } as const;

type Outputs = Record<string, Tensor>;

async function infer(
  a: Architecture,
  weights: Weights,
  batch: Batch,
  options: { precision?: Precision; tableOutside?: boolean } = {},
): Promise<Outputs> {
  const { precision = "fp32", tableOutside = false } = options;
  const graph = { precision, layerNormEpsilon, heads: [textHead], hiddenStates: a.layers > 0, tableOutside };
  const session = await openSession(inferenceGraph(a, weights, graph), { threads: 1 });
  const { rows, tokens, ids, mask } = batch;
  const feeds = tableOutside
    ? embeddedFeeds(batch, weightOf(weights, tableName).data, a.tableWidth)
    : { ids: new Tensor("int32", ids, [rows, tokens]), mask: new Tensor("float32", mask, [rows, tokens]) };
  const outputs = await session.run(feeds);
  await session.release();
  return outputs;
}

function rowsOf(outputs: Outputs, name: string): number[][] {
  const { data, dims } = must(outputs[name], name);
  const width = must(dims.at(-1));
  const values = Array.from(data as Float32Array);
  return Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));
}

/** The loss that the training graph gives for the same weights and batch. */
async function trainingLosses(a: Architecture, weights: Weights, objective: Objective) {
  const trainer = new Trainer(a, weights, new Map([["it", objective]]), { positions, layerNormEpsilon, threads: 1 });
  const losses = await trainer.losses("it", tinyBatch, tinyTargets(objective));
  await trainer.release();
  return losses;
}

function crossEntropy(logits: readonly number[][], objective: Objective): number {
  const targets = tinyTargets(objective);
  const weight = must(targets.weight).data as Float32Array;
  return logits.reduce((total, row, i) => {
    const target = (must(targets.target).data as Float32Array).slice(i * row.length, (i + 1) * row.length);
    return total - must(weight[i]) * softmax(row).reduce((sum, p, label) => sum + must(target[label]) * Math.log(p), 0);
  }, 0);
}

test.each(students)("inferenceGraph() in fp32 gives the logits of %s that its training graph has", async (_, a) => {
  const weights = tinyWeights(a, [textTask]);
  const logits = rowsOf(await infer(a, weights, tinyBatch), "logits_text");
  const { loss } = await trainingLosses(a, weights, textTask);
  expect(crossEntropy(logits, textTask)).toBeCloseTo(must(loss), 5);
});

/** As an int8 graph stores the matrices of heads. */
function rounded(weights: Weights): Weights {
  const round = (name: string, weight: Weight) =>
    /^head\..*\.weight$/.test(name) ? restoreColumns(quantizeColumns(weight, storedLimit)) : weight;
  return new Map([...weights].map(([name, weight]) => [name, round(name, weight)]));
}

async function expectPairs(a: Architecture, weights: Weights, graph: Uint8Array, loss: number): Promise<void> {
  const pooled = rowsOf(await infer(a, weights, tinyBatch), "pooled");
  const session = await openSession(graph, { threads: 1 });
  const side = (rows: number[]) =>
    new Tensor("float32", Float32Array.from(rows.flatMap((row) => must(pooled[row]))), [rows.length, a.hidden]);
  // As `source_rows` and `target_rows` of the tiny targets choose them.
  const surface = must(tinyTargets(pairTask).surface);
  const outputs = await session.run({ source: side([0, 1]), target: side([2, 3]), surface });
  await session.release();
  expect(crossEntropy(rowsOf(outputs, "logits_pair"), pairTask)).toBeCloseTo(loss, 5);
}

test.each(students)("pairGraph() gives the logits over pairs of %s that its training graph has", async (_, a) => {
  const weights = tinyWeights(a, [textTask, pairTask]);
  const { loss } = await trainingLosses(a, weights, pairTask);
  await expectPairs(a, weights, pairGraph(a, weights, pairHead, "fp32"), must(loss));
});

test.each(students)("pairGraph() of %s in int8 computes in float32 with matrices rounded to a byte", async (_, a) => {
  const weights = tinyWeights(a, [textTask, pairTask]);
  const { loss } = await trainingLosses(a, rounded(weights), pairTask);
  await expectPairs(a, weights, pairGraph(a, weights, pairHead, "int8"), must(loss));
});

test("inferenceGraph() gives the hidden states and the pooled vector that distillation regresses on", async () => {
  const weights = tinyWeights(deep, [distilling, textTask]);
  const outputs = await infer(deep, weights, tinyBatch);
  const losses = await trainingLosses(deep, weights, distilling);
  const targets = tinyTargets(distilling);
  if (distilling.kind !== "distil") return expect.fail("no distillation");
  for (const map of distilling.maps) {
    const pooled = map.teacherLayer === "pooled";
    const states = rowsOf(outputs, pooled ? "pooled" : `hidden_${map.studentLayer}`);
    const weight = must(targets[pooled ? "row_weight" : "token_weight"]).data as Float32Array;
    const teacher = must(targets[`teacher_${map.teacherLayer}`]).data as Float32Array;
    const matrix = weightOf(weights, `${mapName(map)}.weight`);
    const bias = weightOf(weights, `${mapName(map)}.bias`).data;
    const error = states.reduce((total, state, row) => {
      const squares = Array.from(bias, (b, j) => {
        const mapped = state.reduce((sum, x, k) => sum + x * must(matrix.data[k * bias.length + j]), b);
        return (mapped - must(teacher[row * bias.length + j])) ** 2;
      });
      return total + (must(weight[row]) * squares.reduce((a, b) => a + b, 0)) / bias.length;
    }, 0);
    expect(error / distilling.maps.length).toBeCloseTo(must(losses[`loss:${mapName(map)}`]), 5);
  }
});

test.each(students)("inferenceGraph() gives a row of %s the same result alone and padded in a batch", async (_, a) => {
  const weights = tinyWeights(a, [textTask]);
  const together = rowsOf(await infer(a, weights, tinyBatch), "logits_text");
  const alone = await infer(a, weights, toBatch([Int32Array.of(6, 7)], padId));
  expect(difference(must(rowsOf(alone, "logits_text")[0]), must(together[3]))).toBeLessThan(1e-5);
});

test.each(students)("inferenceGraph() of %s in int8 stays close to fp32 over the same token table", async (_, a) => {
  const weights = tinyWeights(a, [textTask]);
  const quantised = await infer(a, weights, tinyBatch, { precision: "int8" });
  const original = await infer(a, weights, tinyBatch);
  expect(difference(must(rowsOf(quantised, "pooled")[0]), must(rowsOf(original, "pooled")[0]))).toBeGreaterThan(0);
  const table = weightOf(weights, tableName);
  weights.set(tableName, restoreBlocks(table.dims, quantizeBlocks(table)));
  const exact = await infer(a, weights, tinyBatch);
  for (const name of ["pooled", "logits_text"]) {
    rowsOf(exact, name).forEach((row, i) => {
      expect(cosine(must(rowsOf(quantised, name)[i]), row)).toBeGreaterThan(0.98);
    });
  }
});

test("inferenceGraph() with its table outside gives the same states", async () => {
  const weights = tinyWeights(deep, [textTask]);
  const [inside, outside] = [
    await infer(deep, weights, tinyBatch),
    await infer(deep, weights, tinyBatch, { tableOutside: true }),
  ];
  expect(rowsOf(outside, "pooled")).toEqual(rowsOf(inside, "pooled"));
  expect(Object.keys(outside)).toEqual(["hidden_0", "hidden_1", "hidden_2", "pooled", "logits_text"]);
});

test("inferenceGraph() in int8 is about a quarter of fp32", () => {
  const a = { ...deep, vocabulary: 5000, tableWidth: 64, hidden: 64 };
  const weights = tinyWeights(a, []);
  const size = (precision: Precision) => inferenceGraph(a, weights, { precision, layerNormEpsilon, heads: [] }).length;
  expect(size("int8") / size("fp32")).toBeLessThan(0.3);
});

test("a weight that is missing is a bug that names it", () => {
  const weights = tinyWeights(deep, []);
  weights.delete("layer.1.up.bias");
  const build = () => inferenceGraph(deep, weights, { precision: "int8", layerNormEpsilon, heads: [] });
  expect(build).toThrow("weight layer.1.up.bias is missing");
});

function difference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((x, i) => Math.abs(x - must(b[i]))));
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, v, i) => sum + v * must(y[i]), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
