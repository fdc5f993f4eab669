import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fitHeads } from "../../../search/heads/fit-heads.ts";
import { openStudentClassifier } from "../../../search/heads/open-classifier.ts";
import { encodeTask } from "../../../search/student/encoded-task.ts";
import { vectorInputs, weightOf } from "../../../search/student/weights.ts";
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
