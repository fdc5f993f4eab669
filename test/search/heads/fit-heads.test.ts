import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fitHeads } from "../../../search/heads/fit-heads.ts";
import { openStudentClassifier } from "../../../search/heads/open-classifier.ts";
import { encodeTask } from "../../../search/student/encoded-task.ts";
import { vectorInputs, weightOf } from "../../../search/student/weights.ts";
import { must } from "../../../src/invariant.ts";
import { surfaceWidth } from "../../../src/pairs/surface-features.ts";
import { createDeclaredTask } from "../../../src/tasks/declared.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const folder = join(mkdtempSync(join(tmpdir(), "kdnas-fit-")), "tiny");
afterAll(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const alike = createDeclaredTask({ name: "alike", input: "pair", metric: "accuracy", labels: ["no", "yes"] });
const texts = ["good", "bad", "the food was good", "hate it", "so nice"];
const examples = texts.flatMap((text, i) =>
  texts.map((pair, j) => ({ text, pair, label: String(Number(i === j)), language: "en", dataSet: "made", weight: 1 })),
);

test("fitHeads() gives a head over pairs the width that it has when it is learned with the encoder", async () => {
  const { architecture } = writeTinyStudent(folder, { name: "tiny" });
  const tokenizer = readTokenizer(join(folder, "tokenizer.json"));
  const classifier = await openStudentClassifier(folder, [], { tokenizer, threads: 1 });
  const encoded = encodeTask(alike, ["no", "yes"], examples, tokenizer, { maxTokens: 32, smoothing: 0 });
  const heads = await fitHeads(architecture, classifier, [encoded], { seed: 1, threads: 1 });
  await classifier.release();
  const inputs = vectorInputs(architecture) + surfaceWidth;
  expect(weightOf(heads, "head.alike.dense.weight").dims).toEqual([inputs, architecture.hidden]);
  expect(weightOf(heads, "head.alike.out.weight").dims).toEqual([architecture.hidden, 2]);
});

test("fitHeads() gives a task the same head, whatever else is learned with it", async () => {
  const still = join(folder, "..", "static");
  const { architecture } = writeTinyStudent(still, { name: "static", layers: 0 });
  const tokenizer = readTokenizer(join(still, "tokenizer.json"));
  const classifier = await openStudentClassifier(still, [], { tokenizer, threads: 1 });
  const taskOf = (name: string, own: readonly string[]) => {
    const task = createDeclaredTask({ name, input: "text", metric: "accuracy", labels: ["no", "yes"], beside: name });
    const rows = own.map((text, i) => ({ text, label: String(i % 2), language: "en", dataSet: "made", weight: 1 }));
    return encodeTask(task, ["no", "yes"], rows, tokenizer, { maxTokens: 32, smoothing: 0 });
  };
  const one = taskOf("one", texts);
  const other = taskOf("other", ["hate hate", "awful", "hate", "awful hate"]);
  const [alone, together] = [
    await fitHeads(architecture, classifier, [one], { seed: 1, threads: 1 }),
    await fitHeads(architecture, classifier, [one, other], { seed: 1, threads: 1 }),
  ];
  await classifier.release();
  const weight = (heads: typeof alone) => weightOf(heads, "head.one.dense.weight").data;
  const differences = weight(alone).map((x, i) => Math.abs(x - must(weight(together)[i])));
  expect(Math.max(...differences)).toBeLessThan(1e-3);
}, 60_000);
