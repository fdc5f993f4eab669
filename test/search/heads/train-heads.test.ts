import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { trainHeads } from "../../../search/heads/train-heads.ts";
import { encodeTask } from "../../../search/student/encoded-task.ts";
import { inferenceGraph } from "../../../search/student/inference-graph.ts";
import { encoderParameters, initialWeight, tableName, type Weights } from "../../../search/student/weights.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { openSession, Tensor } from "../../../src/onnx/session.ts";
import { createRandom } from "../../../src/random.ts";
import { accuracy, argmax } from "../../../src/stats.ts";
import { taskNamed } from "../../../src/tasks/index.ts";
import { toBatch } from "../../../src/text/batch.ts";
import { tokenizerJson } from "../../../src/text/tokenizer-json.ts";
import { createUnigram } from "../../../src/text/unigram.ts";
import { tinyTokenizerJson } from "../../fixtures/tiny-tokenizer.ts";

const tokenizer = createUnigram(tokenizerJson.parse(tinyTokenizerJson()));
const task = taskNamed("sentiment");
const random = createRandom(2);
const opinions = { "0": ["bad", "awful", "hate"], "1": ["phone", "day", "time"], "2": ["good", "great", "love"] };
const fillers = ["the", "it", "was", "they", "with", "my", "so", "and"];

/** Sentences whose label one word gives away. */
const examples = Array.from({ length: 300 }, (_, i) => {
  const label = String(i % 3) as keyof typeof opinions;
  const words = Array.from({ length: 5 }, () => must(fillers[random.int(fillers.length)]));
  words.splice(random.int(6), 0, must(opinions[label][random.int(3)]));
  return { text: words.join(" "), language: "en", label, dataSet: "made", weight: 1 };
});
const encoded = encodeTask(task, must(task.labels), examples, tokenizer, { maxTokens: 16, smoothing: 0.05 });

const deep: Architecture = {
  layers: 1,
  hidden: 16,
  heads: 2,
  ffn: 32,
  activation: "gelu",
  tableWidth: 16,
  vocabulary: tokenizer.vocabularySize,
};
const flat: Architecture = { ...deep, layers: 0, heads: 0, ffn: 0 };
const options = { seed: 1, threads: 1, positions: 16, layerNormEpsilon: 1e-5, padId: tokenizer.padId };

function encoderOf(a: Architecture): Weights {
  const shapes = [{ name: tableName, dims: [a.vocabulary, a.tableWidth] }, ...encoderParameters(a, 16)];
  return new Map(shapes.map((shape) => [shape.name, initialWeight(shape, createRandom(1))]));
}

async function accuracyOf(a: Architecture, weights: Weights): Promise<number> {
  const heads = [{ task: "sentiment", input: "text", labels: 3 } as const];
  const graph = inferenceGraph(a, weights, { precision: "int8", layerNormEpsilon: 1e-5, heads });
  const session = await openSession(graph, { threads: 1 });
  const { rows, tokens, ids, mask } = toBatch(
    encoded.examples.map((example) => example.ids),
    tokenizer.padId,
  );
  const feeds = { ids: new Tensor("int32", ids, [rows, tokens]), mask: new Tensor("float32", mask, [rows, tokens]) };
  const logits = must((await session.run(feeds)).logits_sentiment).data as Float32Array;
  await session.release();
  const predicted = examples.map((_, i) => argmax(logits.subarray(i * 3, i * 3 + 3)));
  return accuracy(
    examples.map(({ label }) => Number(label)),
    predicted,
  );
}

test.each([
  ["a deep student", deep, 60_000],
  ["a static student", flat, 120_000],
])("trainHeads() teaches %s a task that its int8 artefact then knows", async (_, a, tokens) => {
  const weights = await trainHeads(a, encoderOf(a), [encoded], { ...options, tokens, onProgress: () => undefined });
  expect(weights.has("head.sentiment.out.weight")).toBe(true);
  expect(await accuracyOf(a, weights)).toBeGreaterThan(0.95);
});

test("trainHeads() is repeatable under a seed", async () => {
  const train = () =>
    trainHeads(flat, encoderOf(flat), [encoded], { ...options, tokens: 5000, onProgress: () => undefined });
  expect(isDeepStrictEqual(await train(), await train())).toBe(true);
});
