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

test("rivalScores() asks the live student about sets that only its rival was judged on", async () => {
  const { models, manifest, corpus } = await served();
  const own = { ...must(manifest.scores[0]), dataSet: "own", rows: 90, student: 0.5 };
  const scores = must(await rivalScores(models, { manifest: { ...manifest, scores: [own] } }, corpus, 1));
  expect(scores.map(({ dataSet, rows: count }) => [dataSet, count])).toEqual([
    ["made", 120],
    ["own", 90],
  ]);
  expect(must(scores[1]).student).toBeGreaterThan(0.95);
}, 60_000);

test("rivalScores() asks nothing that the live student's manifest says", async () => {
  const { models, manifest, corpus } = await served();
  expect(await rivalScores(models, { manifest }, corpus, 1)).toEqual(manifest.scores);
}, 60_000);

test("rivalScores() knows nothing where there is no student, or a damaged one", async () => {
  const { models, manifest, corpus } = await served();
  const other = { manifest: { ...manifest, name: "other" } };
  expect(await rivalScores(models, other, corpus, 1)).toBeUndefined();
  mkdirSync(join(models, "other"));
  writeFileSync(join(models, "other", "manifest.json"), "{");
  expect(await rivalScores(models, other, corpus, 1)).toBeUndefined();
}, 60_000);
