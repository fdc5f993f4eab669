import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { HeldOut } from "../../../search/corpus/split.ts";
import { inPlaceOf } from "../../../search/evaluate/cascade.ts";
import { judgePair } from "../../../search/evaluate/judge-pair.ts";
import { findStudents } from "../../../search/evaluate/subjects.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import { must } from "../../../src/invariant.ts";
import { start } from "../../e2e/command-line.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const models = mkdtempSync(join(tmpdir(), "kdnas-cascade-"));
afterAll(() => rmSync(models, { recursive: true, force: true }));

const { name, version } = writeTinyStudent(join(models, "large"), {
  ...{ name: "large", layers: 1, seed: 6, score: 0.8 },
  latencyMs: [0.5, 0.5, 0.5],
});
const to = { name, version };
const fitted = (task: string, threshold: number) => ({
  ...{ task, threshold, languages: {} },
  ...{ kept: 0.5, accuracy: 0.9, largeAccuracy: 0.9, rows: 9 },
});
writeTinyStudent(join(models, "fast"), {
  ...{ name: "fast", layers: 0, seed: 5 },
  latencyMs: [0.05, 0.05, 0.05],
  cascade: { to, tasks: [fitted("mood", 0.7), fitted("sentiment", 0.6)] },
});

test("inPlaceOf() keeps the thresholds of tasks that were not judged, for the same version of the larger student", () => {
  const old = { to, tasks: [fitted("mood", 0.7), fitted("filter", 0.8)] };
  const fresh = { to, tasks: [fitted("filter", 0.9)] };
  expect(inPlaceOf(old, fresh)).toEqual({ to, tasks: [fitted("mood", 0.7), fitted("filter", 0.9)] });
  const other = { ...fresh, to: { name, version: "0".repeat(12) } };
  expect(inPlaceOf(old, other)).toEqual(other);
  expect(inPlaceOf(undefined, fresh)).toEqual(fresh);
});

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

test("npm run cascade --write fits the tasks that the data judge, and leaves others as they were fitted", async () => {
  const args = ["--models", models, "--threads", "1", "--rows", "60", "--write"];
  const running = start("search/evaluate/cascade-main.ts", args);
  expect(await running.ended, running.stderr()).toBe(0);
  const { cascade } = readManifest(join(models, "fast", "manifest.json"));
  expect(cascade?.to).toEqual(to);
  expect(cascade?.tasks.map(({ task }) => task)).toEqual(["mood", "filter", "sentiment", "language"]);
  expect(cascade?.tasks[0]).toEqual(fitted("mood", 0.7));
  expect(cascade?.tasks[2]?.rows).toBeGreaterThan(9);
}, 60_000);
