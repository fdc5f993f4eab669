import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Measured } from "../../../search/evaluate/measured.ts";
import { findStudents } from "../../../search/evaluate/subjects.ts";
import { writeScores } from "../../../search/evaluate/write-scores.ts";
import { writeDescription } from "../../../search/export/write-description.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import { must } from "../../../src/invariant.ts";
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
  return known();
}

/** Without those of sets that are measured nowhere here. */
function known() {
  return readManifest(join(folder, "manifest.json")).scores.filter(({ dataSet }) => dataSet !== "fixture");
}

test("writeScores() puts the teacher's beside a student's, and keeps them where it is not measured, for the same rows", () => {
  expect(write(measured("some", 9, 0.5), measured("some", 9, 0.8))).toEqual([
    expect.objectContaining({ student: 0.5, teacher: 0.8 }),
  ]);
  expect(write(measured("some", 9, 0.6), null)).toEqual([expect.objectContaining({ student: 0.6, teacher: 0.8 })]);
  expect(write(measured("some", 8, 0.6), null)).toEqual([expect.objectContaining({ student: 0.6, teacher: null })]);
});

test("writeScores() keeps the scores of sets that were not measured, and no older one of a set that was", () => {
  write(measured("some", 9, 0.5), null);
  expect(write(measured("other", 9, 0.7), null).map(({ dataSet }) => dataSet)).toEqual(["some", "other"]);
  expect(write(measured("some", 8, 0.6), null)).toMatchObject([{ dataSet: "other" }, { dataSet: "some", rows: 8 }]);
  expect(readManifest(join(folder, "manifest.json")).scores.length).toBeGreaterThan(2);
});

test("writeScores() puts the teacher's beside what a student has alone too, where an ensemble answers with it", () => {
  const { latency, version } = readManifest(join(folder, "manifest.json"));
  const team = join(models, "team");
  const members = [{ name, version }];
  const alone = { ...must(measured("some", 9, 0.4).scores[0]), teacher: null };
  const manifest = writeTinyStudent(team, { name: "team", ensemble: { members, tasks: [], scores: [], latency } });
  writeDescription(team, { ...manifest, scores: [alone] });
  const subjects = new Map([["team", measured("some", 9, 0.6)]]);
  writeScores(findStudents(models).slice(0, 2), subjects, measured("some", 9, 0.8), () => {});
  const written = readManifest(join(team, "manifest.json"));
  expect(written.scores).toMatchObject([{ student: 0.4, teacher: 0.8 }]);
  expect(written.ensemble?.scores).toMatchObject([{ student: 0.6, teacher: 0.8 }]);
  rmSync(team, { recursive: true });
});

test("writeScores() keeps what a student has alone, and no scores of an ensemble whose members are gone", () => {
  const folder = join(models, "left");
  const { latency } = readManifest(join(models, "tiny", "manifest.json"));
  const scoreIn = (dataSet: string, student: number) => ({
    ...must(measured(dataSet, 9, student).scores[0]),
    teacher: null,
  });
  const members = [{ name: "gone", version: "0".repeat(12) }];
  const ensemble = { members, tasks: [], scores: [scoreIn("some", 0.9), scoreIn("theirs", 0.9)], latency };
  const manifest = writeTinyStudent(folder, { name: "left", ensemble });
  writeDescription(folder, { ...manifest, scores: [scoreIn("some", 0.4)] });
  writeScores(findStudents(models), new Map([["left", measured("new", 9, 0.6)]]), null, () => {});
  const written = readManifest(join(folder, "manifest.json"));
  expect(written.scores).toMatchObject([
    { dataSet: "some", student: 0.4 },
    { dataSet: "new", student: 0.6 },
  ]);
  expect(written.ensemble).toEqual(ensemble);
  rmSync(folder, { recursive: true });
});

test("writeScores() leaves a manifest that another command has written since it was read", () => {
  const students = findStudents(models);
  write(measured("theirs", 9, 0.7), null);
  const late = () => writeScores(students, new Map([[name, measured("ours", 9, 0.5)]]), null, () => {});
  expect(late).toThrow(/manifest.json was changed by another command while this one ran/);
  const sets = known().map(({ dataSet }) => dataSet);
  expect(sets).toContain("theirs");
  expect(sets).not.toContain("ours");
});
