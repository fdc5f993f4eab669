import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { HeldOut } from "../../../search/corpus/split.ts";
import { judgePair } from "../../../search/evaluate/judge-pair.ts";
import { findStudents } from "../../../search/evaluate/subjects.ts";
import { must } from "../../../src/invariant.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const models = mkdtempSync(join(tmpdir(), "kdnas-judge-pair-"));
afterAll(() => rmSync(models, { recursive: true, force: true }));

writeTinyStudent(join(models, "large"), { name: "large", layers: 1, seed: 6, latencyMs: [0.5, 0.5, 0.5] });
writeTinyStudent(join(models, "fast"), { name: "fast", layers: 0, seed: 5, latencyMs: [0.05, 0.05, 0.05] });

function setOf(dataSet: string, count: number): Corpus["validation"][number] {
  const rows = Array.from({ length: count }, (_, i) => ({ text: `good ${i}`, language: "en", label: String(i % 3) }));
  return { task: "sentiment", dataSet, language: "en", rows };
}

test("judgePair() leaves suites to judge by where there are other sets", async () => {
  const students = findStudents(models);
  const [fast, large] = [must(students[0]), must(students[1])];
  const judgedOn = async (...validation: Corpus["validation"]) => {
    const empty = { tasks: [], train: new Map(), labels: new Map(), unlabelled: [], dataSets: [] };
    const corpus = { ...empty, heldOut: new HeldOut(), validation };
    return (await judgePair(corpus, "sentiment", students, { fast, large }, 1)).length;
  };
  const suite = setOf("kdnas_sentiment_suite", 3);
  expect(await judgedOn(setOf("made", 5), suite)).toBe(5);
  expect(await judgedOn(suite)).toBe(3);
});
