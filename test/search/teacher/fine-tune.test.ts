import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type EncodedTask, encodeTask } from "../../../search/student/encoded-task.ts";
import { tableName, weightOf } from "../../../search/student/weights.ts";
import { fineTuneTeacher } from "../../../search/teacher/fine-tune.ts";
import { batchOf, inferenceBatches, startTeacher } from "../../../search/teacher/hidden-states.ts";
import { readTeacher } from "../../../search/teacher/teacher.ts";
import { must } from "../../../src/invariant.ts";
import { accuracy, argmax } from "../../../src/stats.ts";
import { createDeclaredTask } from "../../../src/tasks/declared.ts";
import { taskNamed, taskOf } from "../../../src/tasks/index.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import { writeTinyTeacher } from "../../fixtures/tiny-teacher.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-fine-tune-"));
afterAll(() => rmSync(root, { recursive: true }));
writeTinyTeacher(join(root, "teacher"), { kind: "bert", hidden: 32, ffn: 32 });
const teacher = readTeacher(join(root, "teacher"));
const tokenizer = readTokenizer(join(root, "teacher", "tokenizer.json"));
const cacheFolder = join(root, "cache");

const words = [
  ["bad", "awful", "hate"],
  ["phone", "day", "time"],
  ["good", "great", "love"],
];
const fillers = ["the", "it was", "they", "with my"];
const examples = Array.from({ length: 120 }, (_, i) => ({
  text: `${must(fillers[i % 4])} ${must(must(words[i % 3])[Math.floor(i / 3) % 3])}`,
  language: "en",
  label: String(i % 3),
  dataSet: "made",
  weight: 1,
}));
const task = taskNamed("sentiment");
const encoded = encodeTask(task, must(task.labels), examples, tokenizer, { maxTokens: 16, smoothing: 0.05 });

function fineTune(tokens: number, change: { seed?: number; tasks?: EncodedTask[]; onProgress?: () => void } = {}) {
  const { seed = 1, tasks = [encoded], onProgress = () => undefined } = change;
  const options = { cacheFolder, tokens, frozenLayers: 1, learningRate: 3e-3, threads: 1, seed };
  return fineTuneTeacher(teacher, tasks, { ...options, dataSetShare: () => 1, onProgress });
}

test("fineTuneTeacher() learns a task with its upper layers and leaves the rest as it was", async () => {
  const tuned = await fineTune(30_000);
  expect(tuned.tasks).toEqual([{ name: "sentiment", input: "text", labels: task.labels }]);
  const changed = (name: string) =>
    weightOf(tuned.weights, name).data.join() !== weightOf(teacher.weights, name).data.join();
  expect(["position", "embedNorm.gamma", "layer.0.qkv.weight", "layer.0.down.bias"].some(changed)).toBe(false);
  expect(["layer.1.qkv.weight", "layer.2.down.bias"].every(changed)).toBe(true);
  expect(weightOf(tuned.weights, tableName)).toBe(weightOf(teacher.weights, tableName));

  const heads = [{ task: "sentiment", input: "text", labels: 3 } as const];
  const running = await startTeacher(tuned, { precision: "fp32", threads: 1, heads });
  const indices = [...examples.keys()];
  const batch = batchOf(
    encoded.examples.map(({ ids }) => ids),
    indices,
    teacher.padId,
  );
  const logits = must((await running.run(batch)).logits_sentiment).data as Float32Array;
  await running.release();
  const predicted = indices.map((i) => argmax(logits.subarray(3 * i, 3 * i + 3)));
  expect(
    accuracy(
      indices.map((i) => i % 3),
      predicted,
    ),
  ).toBeGreaterThan(0.95);
});

test("fineTuneTeacher() keeps what is to be known of a task that data declare", async () => {
  const tickets = createDeclaredTask({ name: "tickets", input: "text", metric: "accuracy" });
  const labels = ["0", "1", "2"];
  const own = encodeTask(tickets, labels, examples, tokenizer, { maxTokens: 16, smoothing: 0.05 });
  const tuned = await fineTune(500, { tasks: [own] });
  expect(tuned.tasks).toEqual([{ name: "tickets", input: "text", labels, declared: { metric: "accuracy" } }]);
  expect(taskOf(must(tuned.tasks[0]))).toMatchObject({ name: "tickets", metric: "accuracy", labels });
});

test("fineTuneTeacher() reads what it trained before, and drops the checkpoint", async () => {
  let reports = 0;
  const onProgress = () => reports++;
  const first = await fineTune(3000, { onProgress });
  const trained = reports;
  expect(await fineTune(3000, { onProgress })).toEqual(first);
  expect(reports).toBe(trained);
  for (const folder of readdirSync(cacheFolder)) {
    expect(existsSync(join(cacheFolder, folder, "checkpoint.safetensors"))).toBe(false);
  }
});

test("fineTuneTeacher() trains anew under another seed and on other examples", async () => {
  const count = () => readdirSync(cacheFolder).length;
  await fineTune(1500);
  const known = count();
  await fineTune(1500, { seed: 2 });
  await fineTune(1500, { tasks: [{ ...encoded, examples: encoded.examples.slice(1) }] });
  expect(count()).toBe(known + 2);
});

test("inferenceBatches() holds each text once, by length, within the tokens", () => {
  const sequences = Array.from({ length: 50 }, (_, i) => new Int32Array(1 + ((i * 7) % 20)));
  const batches = inferenceBatches(sequences, 40);
  expect(batches.flat().sort((a, b) => a - b)).toEqual([...sequences.keys()]);
  for (const batch of batches) {
    const lengths = batch.map((i) => must(sequences[i]).length);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    expect(batch.length === 1 || batch.length * Math.max(...lengths) <= 40).toBe(true);
  }
});
