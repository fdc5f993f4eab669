import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { promoteIfBetter } from "../../../search/complete/promote.ts";
import { rivalScores } from "../../../search/complete/rival-scores.ts";
import { must } from "../../../src/invariant.ts";
import { known, makeStudent, rows } from "../made-student.ts";

let made: Awaited<ReturnType<typeof makeStudent>>;

beforeAll(async () => {
  made = await makeStudent();
  return () => made.remove();
});

/** A student in `models/`, and the data of a user that it was never judged on. */
async function served() {
  const { folder, candidate } = await made.finished();
  const models = join(folder, "models");
  promoteIfBetter({ models, promote: "better" }, candidate, () => {});
  const validation = [{ task: "sentiment", dataSet: "own", language: "en", rows: rows(known, 90, 9) }];
  return { models, manifest: candidate.manifest, corpus: { ...made.materials.corpus, validation } };
}

const config = (models: string) => ({ models, promote: "better", threads: 1 }) as const;

test("rivalScores() asks the live student about sets that only its rival was judged on", async () => {
  const { models, manifest, corpus } = await served();
  const own = { ...must(manifest.scores[0]), dataSet: "own", rows: 90, student: 0.5 };
  const scores = must(
    await rivalScores(config(models), { manifest: { ...manifest, scores: [own] } }, corpus, () => {}),
  );
  expect(scores.map(({ dataSet, rows: count }) => [dataSet, count])).toEqual([
    ["own", 90],
    ["made", 120],
  ]);
  expect(must(scores[0]).student).toBeGreaterThan(0.95);
}, 60_000);

test("rivalScores() asks the live student about the rows of today, also where its manifest tells of as many", async () => {
  const { models, manifest, corpus } = await served();
  const ownOf = async (own: typeof corpus) => {
    const scores = must(await rivalScores(config(models), { manifest }, own, () => {}));
    return must(scores.find(({ dataSet }) => dataSet === "own")).student;
  };
  const swapped = (label: string) => String(2 - Number(label));
  const validation = corpus.validation.map((set) => ({
    ...set,
    rows: set.rows.map((row) => ({ ...row, label: swapped(row.label) })),
  }));
  expect(await ownOf(corpus)).toBeGreaterThan(0.95);
  expect(await ownOf({ ...corpus, validation })).toBeLessThan(0.5);
}, 60_000);

test("rivalScores() knows nothing of a student whose graph is damaged, and says so", async () => {
  const { models, manifest, corpus } = await served();
  writeFileSync(join(models, "made", "model.onnx"), "cut off");
  const own = { ...must(manifest.scores[0]), dataSet: "own", rows: 90 };
  const lines: string[] = [];
  const asked = { manifest: { ...manifest, scores: [own] } };
  expect(await rivalScores(config(models), asked, corpus, (line) => lines.push(line))).toBeUndefined();
  expect(lines).toEqual([expect.stringContaining(`${join(models, "made")} cannot be asked about new data`)]);
}, 60_000);

test("rivalScores() knows nothing where there is no student, or a damaged one", async () => {
  const { models, manifest, corpus } = await served();
  const other = { manifest: { ...manifest, name: "other" } };
  expect(await rivalScores(config(models), other, corpus, () => {})).toBeUndefined();
  mkdirSync(join(models, "other"));
  writeFileSync(join(models, "other", "manifest.json"), "{");
  expect(await rivalScores(config(models), other, corpus, () => {})).toBeUndefined();
}, 60_000);
