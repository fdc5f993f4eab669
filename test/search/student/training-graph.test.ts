import { expect, test } from "vitest";
import { batchFeeds } from "../../../search/student/batch-feeds.ts";
import {
  isFrozenParameter,
  type Objective,
  type TrainingOptions,
  trainingGraph,
} from "../../../search/student/training-graph.ts";
import { tableName, weightOf } from "../../../search/student/weights.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { type Feeds, openSession, Tensor } from "../../../src/onnx/session.ts";
import { gradientError } from "../graph/gradient-check.ts";
import {
  deep,
  distilling,
  layerNormEpsilon,
  pairTask,
  positions,
  relating,
  staticStudent,
  textTask,
  tinyBatch,
  tinyTargets,
  tinyWeights,
  unprojected,
} from "./tiny-objective.ts";

const staticDistilling: Objective = {
  kind: "distil",
  teacherHidden: 12,
  maps: [{ studentLayer: "pooled", teacherLayer: "pooled" }],
};

/** The graph's inputs, for the weights and targets that the names ask for. */
async function prepare(a: Architecture, objective: Objective, options: Partial<TrainingOptions> = {}) {
  const graph = trainingGraph(a, objective, { positions, layerNormEpsilon, ...options });
  const weights = tinyWeights(a, [objective]);
  const table = weightOf(weights, tableName).data;
  const rows = new Float32Array(tinyBatch.ids.length * a.tableWidth);
  tinyBatch.ids.forEach((id, i) => {
    rows.set(table.subarray(id * a.tableWidth, (id + 1) * a.tableWidth), i * a.tableWidth);
  });
  const parameters = [...weights].map(([name, { dims, data }]) => [name, new Tensor("float32", data, [...dims])]);
  const all: Feeds = {
    ...batchFeeds(a, tinyBatch, rows, positions),
    ...tinyTargets(objective),
    ...Object.fromEntries(parameters),
  };
  const session = await openSession(graph.model, { threads: 1 });
  const { inputNames, outputNames } = session;
  await session.release();
  const feeds = Object.fromEntries(inputNames.map((name) => [name, all[name] as Tensor]));
  const learned = [...graph.trained.map(({ name }) => name), ...(graph.embeddedGradient ? ["embedded"] : [])];
  return { graph, feeds, learned, outputNames };
}

test.each([
  ["a task over texts", deep, textTask],
  ["a task over pairs", unprojected, pairTask],
  ["distillation of several layers", deep, distilling],
  ["distillation of relations", deep, relating],
  ["a static student's task", staticStudent, textTask],
  ["a static student's task over pairs", staticStudent, pairTask],
  ["a static student's distillation", staticStudent, staticDistilling],
])("trainingGraph() has the gradients of %s, token rows included", async (_, a, objective) => {
  const { graph, feeds, learned } = await prepare(a, objective);
  expect(learned).toContain("embedded");
  expect(await gradientError(graph.model, feeds, learned, 5)).toBeLessThan(2e-3);
});

test("trainingGraph() in int8 keeps what relations are made of in fp32", async () => {
  const outputsOf = async (precision: "fp32" | "int8") => {
    const { graph, feeds } = await prepare(unprojected, relating, { precision });
    const session = await openSession(graph.model, { threads: 1 });
    const names = ["loss:relation", "loss:map.pooled.pooled"];
    const outputs = await session.run(feeds, names);
    await session.release();
    return names.map((name) => outputs[name]?.data[0]);
  };
  const [[relation, pooled], [quantisedRelation, quantisedPooled]] = [await outputsOf("fp32"), await outputsOf("int8")];
  expect(quantisedRelation).toBe(relation);
  expect(quantisedPooled).not.toBe(pooled);
});

test("trainingGraph() gives frozen layers, the layers below and the embeddings no gradient", async () => {
  const { graph, feeds, learned, outputNames } = await prepare(deep, textTask, { frozenLayers: 1 });
  expect(graph.frozen.map(({ name }) => name)).toContain("layer.0.qkv.weight");
  expect(graph.frozen.map(({ name }) => name)).toContain("position");
  expect(learned.every((name) => name.startsWith("layer.1.") || name.startsWith("head."))).toBe(true);
  expect(outputNames).not.toContain("grad:embedded");
  expect(await gradientError(graph.model, feeds, learned, 3)).toBeLessThan(2e-3);
});

test("trainingGraph() with a frozen table learns the positions still", async () => {
  const { learned } = await prepare(deep, textTask, { frozenTable: true });
  expect(learned).toContain("position");
  expect(learned).not.toContain("embedded");
});

test("trainingGraph() that runs forward only gives the same losses and no gradient", async () => {
  const [both, forward] = [await prepare(deep, distilling), await prepare(deep, distilling, { forwardOnly: true })];
  expect(forward.outputNames.some((name) => name.startsWith("grad:"))).toBe(false);
  const run = async ({ graph, feeds }: typeof both) => {
    const session = await openSession(graph.model, { threads: 1 });
    const outputs = await session.run(feeds, ["loss", ...graph.losses]);
    await session.release();
    return Object.values(outputs).map((tensor) => tensor.data[0] as number);
  };
  const losses = await run(forward);
  expect(losses).toHaveLength(5);
  expect(await run(both)).toEqual(losses);
  expect(losses.slice(1).reduce((a, b) => a + b, 0)).toBeCloseTo(losses[0] as number, 5);
});

test("isFrozenParameter() counts embeddings to the lowest layer and heads to none", () => {
  expect(isFrozenParameter("embedNorm.gamma", 1)).toBe(true);
  expect(isFrozenParameter("layer.0.up.bias", 1)).toBe(true);
  expect(isFrozenParameter("layer.10.up.bias", 1)).toBe(false);
  expect(isFrozenParameter("embedNorm.gamma", 0)).toBe(false);
});
