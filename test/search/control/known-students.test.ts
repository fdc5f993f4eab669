import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { readSlots } from "../../../search/control/known-students.ts";
import { writeDecision } from "../../../search/corrections/decision.ts";
import { feedbackSet } from "../../../search/corrections/feedback-set.ts";
import type { Score } from "../../../src/contract/manifest.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-known-students-"));
const [models, runs] = [join(root, "models"), join(root, "runs")];
beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(models, { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** @returns its version. */
function write(folder: string, seed: number, hasLearned = false): string {
  const manifest = writeTinyStudent(folder, { name: "one-2ms", layers: 0, seed });
  const dataSets = hasLearned ? [feedbackSet] : [];
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ ...manifest, dataSets }));
  return manifest.version;
}

/** A student that has learned from corrections, and what its gates said. */
function writeCorrected(folder: string, seed: number, refusal: string | null): string {
  const version = write(join(folder, "student"), seed, true);
  const measured = { rightBefore: 0.4, right: 0.5, likelihoodGain: 0.1, likelihoodError: 0.01, changes: [] };
  const attempts = [{ share: 1, ...measured, refusal }];
  writeDecision(join(folder, "decision.json"), { base: "base", trained: 80, heldOut: 20, leftOut: {}, attempts });
  return version;
}

const others = () => readSlots({ models, runs }, [])[0]?.others.map(({ manifest }) => manifest.version);

test("readSlots() takes what passed the gates of corrections in the place of what it was made from", () => {
  write(join(models, "one-2ms"), 1);
  const home = join(runs, "control-1", "one-2ms-static");
  const base = write(join(home, "student"), 2);
  writeCorrected(join(home, "corrected-aaa"), 3, "a set lost 2 points");
  expect(others()).toEqual([base]);
  const corrected = writeCorrected(join(home, "corrected-bbb"), 4, null);
  expect(others()).toEqual([corrected]);
});

test("readSlots() leaves out what knows nothing of corrections where the live student has learned from them", () => {
  write(join(models, "one-2ms"), 1, true);
  write(join(runs, "a", "one-2ms-static", "student"), 2);
  const corrected = write(join(runs, "b", "one-2ms-static", "student"), 3, true);
  expect(others()).toEqual([corrected]);
});

test("readSlots() compares a student with the live one on the rows that both have", () => {
  const score = (dataSet: string, student: number) =>
    ({ task: "sentiment", dataSet, language: "en", metric: "macroF1", rows: 9, student, teacher: null }) as const;
  const writeScored = (folder: string, seed: number, scores: readonly Score[]) => {
    const manifest = writeTinyStudent(folder, { name: "one-2ms", layers: 0, seed });
    writeFileSync(join(folder, "manifest.json"), JSON.stringify({ ...manifest, scores }));
  };
  writeScored(join(models, "one-2ms"), 1, [score("hard", 0.6), score("easy", 0.9)]);
  writeScored(join(runs, "a", "one-2ms-static", "student"), 2, [score("hard", 0.65)]);
  const [slot] = readSlots({ models, runs }, []);
  expect(slot?.live.score).toBeCloseTo(0.75, 10);
  expect(slot?.others[0]?.score).toBeCloseTo(0.8, 10);
});
