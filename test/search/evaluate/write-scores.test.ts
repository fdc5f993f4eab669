import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Measured } from "../../../search/evaluate/measured.ts";
import { findStudents } from "../../../search/evaluate/subjects.ts";
import { writeScores } from "../../../search/evaluate/write-scores.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const models = mkdtempSync(join(tmpdir(), "kdnas-scores-"));
afterAll(() => rmSync(models, { recursive: true }));

const folder = join(models, "tiny");
const { name } = writeTinyStudent(folder, { name: "tiny" });

function measured(dataSet: string, rows: number, student: number): Measured {
  const score = { task: "sentiment", dataSet, language: "en", metric: "macroF1" as const, rows, student };
  return { scores: [score], kinds: [], confusions: [], cuts: [], calibration: [] };
}

function write(own: Measured, teacher: Measured | null) {
  writeScores(findStudents(models), new Map([[name, own]]), teacher, () => {});
  return readManifest(join(folder, "manifest.json")).scores;
}

test("writeScores() puts the teacher's beside a student's, and keeps them where it is not measured, for the same rows", () => {
  expect(write(measured("some", 9, 0.5), measured("some", 9, 0.8))).toEqual([
    expect.objectContaining({ student: 0.5, teacher: 0.8 }),
  ]);
  expect(write(measured("some", 9, 0.6), null)).toEqual([expect.objectContaining({ student: 0.6, teacher: 0.8 })]);
  expect(write(measured("some", 8, 0.6), null)).toEqual([expect.objectContaining({ student: 0.6, teacher: null })]);
});

test("writeScores() leaves a manifest that another command has written since it was read", () => {
  const students = findStudents(models);
  write(measured("theirs", 9, 0.7), null);
  const late = () => writeScores(students, new Map([[name, measured("ours", 9, 0.5)]]), null, () => {});
  expect(late).toThrow(/manifest.json was changed by another command while this one ran/);
  expect(readManifest(join(folder, "manifest.json")).scores).toMatchObject([{ dataSet: "theirs" }]);
});
