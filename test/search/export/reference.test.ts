import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { HeldOut } from "../../../search/corpus/split.ts";
import { cardText } from "../../../search/export/card.ts";
import { withReferences } from "../../../search/export/reference.ts";
import { openStudentClassifier } from "../../../search/heads/open-classifier.ts";
import { validationLogits } from "../../../search/heads/score.ts";
import { scoreScale } from "../../../src/contract/drift.ts";
import { must } from "../../../src/invariant.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import { tinyManifest, writeTinyStudent } from "../../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-reference-"));
afterAll(() => rmSync(root, { recursive: true }));

const row = (text: string, pair?: string) => ({ text, language: "en", label: "0", ...(pair && { pair }) });
const sum = (counts: Readonly<Record<string, number>> | undefined) =>
  Object.values(must(counts)).reduce((a, b) => a + b, 0);

async function referenceTasks(tasks?: readonly string[]) {
  const folder = join(root, "tiny");
  const manifest = writeTinyStudent(folder, { name: "tiny", ...(tasks && { tasks }) });
  const tokenizer = readTokenizer(join(folder, "tokenizer.json"));
  const classifier = await openStudentClassifier(folder, manifest.tasks, { tokenizer, threads: 1 });
  const corpus = {
    tasks: [],
    train: new Map(),
    labels: new Map(),
    heldOut: new HeldOut(),
    unlabelled: [],
    dataSets: [],
    validation: [
      { task: "sentiment", dataSet: "a", language: "en", rows: [row("good"), row("bad food and service"), row("ຂ")] },
      { task: "adequacy", dataSet: "b", language: "en-de", rows: [row("the food", "good"), row("a", "b")] },
    ],
  };
  const names = manifest.tasks.map(({ name }) => name);
  // Answers are given to less of a text than a server reads.
  const results = await validationLogits(classifier, corpus, names, tokenizer, 4);
  await classifier.release();
  return withReferences(manifest.tasks, results, tokenizer, 32);
}

test("withReferences() counts what the validation texts of each task are like, and leaves tasks without any alone", async () => {
  const tasks = await referenceTasks();
  const [filter, sentiment, language, adequacy] = tasks.map(({ reference }) => reference);
  expect([filter, language]).toEqual([undefined, undefined]);
  expect([sentiment, adequacy].map((reference) => sum(reference?.length))).toEqual([3, 2]);
  expect(sum(sentiment?.score)).toBe(3);
  for (const category of Object.keys(must(sentiment?.score)))
    expect(scoreScale(must(tasks[1])).categories).toContain(category);
  expect(sentiment?.unknown).toEqual({ "0": 2, "0.25": 1 });
  // Of pairs both texts have a language.
  expect([sentiment, adequacy].map((reference) => sum(reference?.language))).toEqual([3, 4]);
});

test("withReferences() counts whole lengths, also where answers were given to less of a text", async () => {
  const [, sentiment] = await referenceTasks();
  const tokenizer = readTokenizer(join(root, "tiny", "tokenizer.json"));
  const tokens = tokenizer.encode("bad food and service", 32).ids.length;
  expect(tokens).toBeGreaterThan(4);
  expect(
    Object.keys(must(sentiment?.reference?.length))
      .map(Number)
      .some((bound) => bound >= tokens),
  ).toBe(true);
});

test("withReferences() leaves languages out where the student has no language head", async () => {
  const [sentiment] = await referenceTasks(["sentiment", "adequacy"]);
  expect(Object.keys(must(sentiment?.reference)).sort()).toEqual(["length", "score", "unknown"]);
});

test("cardText() says what the texts are like that a task was judged on", async () => {
  const card = cardText({ ...tinyManifest({ name: "tiny" }), tasks: await referenceTasks() });
  expect(card).toMatch(/^- \*\*sentiment\*\*: 3 inputs; half have at most \d+ tokens; .+ unknown pieces in 33\.3 %/m);
});
