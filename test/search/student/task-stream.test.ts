import { expect, test } from "vitest";
import type { LabelledExample } from "../../../search/corpus/preparation.ts";
import { type EncodedTask, encodeTask, headOf, lengthOf, taskBatch } from "../../../search/student/encoded-task.ts";
import { taskBatches, taskTurns, trainingStream } from "../../../search/student/task-stream.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";
import { taskNamed } from "../../../src/tasks/index.ts";
import { tokenizerJson } from "../../../src/text/tokenizer-json.ts";
import { createUnigram } from "../../../src/text/unigram.ts";
import { tinyTokenizerJson } from "../../fixtures/tiny-tokenizer.ts";

const tokenizer = createUnigram(tokenizerJson.parse(tinyTokenizerJson()));
const encoding = { maxTokens: 16, smoothing: 0 };
const limits = { rows: 8, tokens: 96 };
const stream = { seed: 1, limits, dataSetShare: () => 1, padId: tokenizer.padId };
const words = "the food was very good and nice but they were not so great with my phone".split(" ");
const random = createRandom(6);

function text(): string {
  return Array.from({ length: 1 + random.int(12) }, () => words[random.int(words.length)]).join(" ");
}

function examples(count: number, dataSet: string, labels: readonly string[], change: Partial<LabelledExample> = {}) {
  return Array.from({ length: count }, (_, i) => ({
    text: text(),
    language: "en",
    label: must(labels[i % labels.length]),
    dataSet,
    weight: 1,
    ...change,
  }));
}

function encoded(name: string, rows: readonly LabelledExample[]): EncodedTask {
  const task = taskNamed(name);
  return encodeTask(task, task.labels ?? ["en"], rows, tokenizer, encoding);
}

const sentiment = encoded("sentiment", examples(300, "a", ["0", "1", "2"]));
const filter = encoded("filter", examples(200, "b", ["0", "1"]));
const adequacy = encoded("adequacy", examples(90, "c", ["0", "50", "100"], { pair: "they were very good" }));

function take<T>(generator: Iterator<T>, count: number): T[] {
  return Array.from({ length: count }, () => generator.next().value as T);
}

test("encodeTask() leaves out rows that say nothing about the task and smooths the others' targets", () => {
  const rows = [...examples(1, "a", ["2"]), ...examples(1, "a", [""])];
  const task = taskNamed("sentiment");
  const { examples: kept } = encodeTask(task, must(task.labels), rows, tokenizer, { maxTokens: 16, smoothing: 0.3 });
  expect(kept).toHaveLength(1);
  expect(Array.from(must(kept[0]).target, (p) => Math.round(p * 100))).toEqual([10, 10, 80]);
});

test("encodeTask() cuts long texts and keeps the pair beside", () => {
  const [example] = encoded("adequacy", examples(1, "c", ["80"], { text: "the ".repeat(50), pair: "good" })).examples;
  expect(must(example).ids).toHaveLength(16);
  expect(must(example).pairIds).toHaveLength(3);
  expect(lengthOf(must(example))).toBe(16);
  expect(must(example).target[1]).toBeCloseTo(0.8);
});

test("headOf() is as wide as the task has labels", () => {
  expect(headOf(taskNamed("sentiment"), must(taskNamed("sentiment").labels))).toEqual({
    task: "sentiment",
    input: "text",
    labels: 3,
  });
});

test("taskBatch() has weights by rows, whatever they sum to, and targets in the order of the rows", () => {
  const [first, second] = sentiment.examples;
  const rows = [must(first), { ...must(second), weight: 0.25 }];
  const { batch, targets } = taskBatch(sentiment, rows, tokenizer.padId);
  expect(batch.rows).toBe(2);
  expect(Array.from(targets.weight?.data as Float32Array)).toEqual([0.5, 0.125]);
  expect(Array.from(targets.target?.data as Float32Array)).toEqual([1, 0, 0, 0, 1, 0]);
  expect(Object.keys(targets).sort()).toEqual(["target", "weight"]);
});

test("taskBatch() of pairs puts sources first, targets after, and matrices that find them", () => {
  const rows = adequacy.examples.slice(0, 2);
  const { batch, targets } = taskBatch(adequacy, rows, tokenizer.padId);
  expect(batch.rows).toBe(4);
  expect(Array.from(targets.source_rows?.data as Float32Array)).toEqual([1, 0, 0, 0, 0, 1, 0, 0]);
  expect(Array.from(targets.target_rows?.data as Float32Array)).toEqual([0, 0, 1, 0, 0, 0, 0, 1]);
  const pair = must(must(rows[1]).pairIds);
  expect(Array.from(batch.ids.subarray(3 * batch.tokens, 3 * batch.tokens + pair.length))).toEqual(Array.from(pair));
});

test("taskBatches() repeats itself under a seed and differs under another", () => {
  const run = (seed: number) => take(taskBatches(sentiment, { ...stream, seed }), 50);
  expect(run(3)).toEqual(run(3));
  expect(run(3)).not.toEqual(run(4));
});

test("taskBatches() keeps to the limits, pairs counting double", () => {
  for (const batch of take(taskBatches(sentiment, stream), 100)) {
    expect(batch.length).toBeLessThanOrEqual(limits.rows);
    expect(batch.length * Math.max(...batch.map(lengthOf))).toBeLessThanOrEqual(limits.tokens);
  }
  for (const batch of take(taskBatches(adequacy, stream), 100)) {
    expect(2 * batch.length).toBeLessThanOrEqual(limits.rows);
    expect(2 * batch.length * Math.max(...batch.map(lengthOf))).toBeLessThanOrEqual(limits.tokens);
  }
});

test("taskBatches() draws data sets by share and the root of their size", () => {
  const rows = [...examples(400, "large", ["0"]), ...examples(100, "small", ["1"]), ...examples(100, "rare", ["2"])];
  const dataSetShare = (name: string) => (name === "rare" ? 0.5 : 1);
  const drawn = take(taskBatches(encoded("sentiment", rows), { ...stream, dataSetShare }), 1500).flat();
  const share = (name: string) => drawn.filter(({ dataSet }) => dataSet === name).length / drawn.length;
  // 20 : 10 : 5
  expect(share("large")).toBeCloseTo(20 / 35, 1);
  expect(share("small")).toBeCloseTo(10 / 35, 1);
  expect(share("rare")).toBeCloseTo(5 / 35, 1);
});

test("taskBatches() goes through all rows of a set before it takes one again", () => {
  const rows = examples(512, "only", ["0"]).map((row, i) => ({ ...row, weight: i + 1 }));
  const chunk = take(taskBatches(encoded("sentiment", rows), stream), 2000)
    .flat()
    .slice(0, 1536);
  const counts = new Map<number, number>();
  for (const { weight } of chunk) counts.set(weight, (counts.get(weight) ?? 0) + 1);
  expect(counts.size).toBe(512);
  expect([...counts.values()].every((count) => count === 3)).toBe(true);
});

test("taskTurns() spreads tasks evenly in the ratio of their weights", () => {
  const turns = take(
    taskTurns(
      new Map([
        ["a", 3],
        ["b", 2],
        ["c", 1],
      ]),
    ),
    60,
  );
  const count = (name: string, part: readonly string[]) => part.filter((turn) => turn === name).length;
  for (let from = 0; from < 60; from += 6) {
    const part = turns.slice(from, from + 6);
    expect([count("a", part), count("b", part), count("c", part)]).toEqual([3, 2, 1]);
  }
});

test("trainingStream() mixes the tasks in the ratio of their weights, and is the same under a seed", () => {
  const run = () => take(trainingStream([sentiment, filter, adequacy], stream), 130);
  const batches = run();
  const count = (name: string) => batches.filter(({ objective }) => objective === name).length;
  // Weights 3 : 2 : 1.5.
  expect([count("sentiment"), count("filter"), count("adequacy")]).toEqual([60, 40, 30]);
  expect(run()).toEqual(batches);
});

test("trainingStream() with token dropout thins texts out between their special tokens, the same under a seed", () => {
  const run = (tokenDropout: number) =>
    take(trainingStream([sentiment], { ...stream, tokenDropout }), 60).map(({ batch }) => batch);
  const [whole, thinned] = [run(0), run(0.5)];
  const tokens = (batches: typeof whole) => batches.reduce((sum, { mask }) => sum + mask.reduce((a, b) => a + b, 0), 0);
  expect(tokens(thinned) / tokens(whole)).toBeLessThan(0.75);
  expect(tokens(thinned) / tokens(whole)).toBeGreaterThan(0.4);
  for (const { rows, tokens: length, ids, mask } of thinned) {
    for (let row = 0; row < rows; row++) {
      const text = Array.from(ids.subarray(row * length, (row + 1) * length)).filter((_, i) => mask[row * length + i]);
      expect([text[0], text.at(-1)]).toEqual([0, 2]);
      expect(text.length).toBeGreaterThan(2);
    }
  }
  expect(run(0.5)).toEqual(thinned);
});

test("trainingStream() with token dropout leaves pairs whole", () => {
  const run = (tokenDropout: number) => take(trainingStream([adequacy], { ...stream, tokenDropout }), 20);
  expect(run(0.5)).toEqual(run(0));
});

test("trainingStream() passes over a task without examples", () => {
  const batches = take(trainingStream([{ ...filter, examples: [] }, sentiment], stream), 5);
  expect(batches.every(({ objective }) => objective === "sentiment")).toBe(true);
});

test("trainingStream() without any examples says so", () => {
  expect(() => trainingStream([{ ...filter, examples: [] }], stream).next()).toThrow("examples of a task to train on");
});
