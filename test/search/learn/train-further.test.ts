import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import { openStudentClassifier } from "../../../search/heads/open-classifier.ts";
import { textLogits } from "../../../search/heads/predict.ts";
import { takeUpStudents } from "../../../search/learn/take-up-students.ts";
import { trainFurther } from "../../../search/learn/train-further.ts";
import type { FineTunedTeacher } from "../../../search/teacher/fine-tune.ts";
import { must } from "../../../src/invariant.ts";
import { accuracy, argmax } from "../../../src/stats.ts";
import { fresh, madeConfig, makeStudent, materialsOf, rows } from "../made-student.ts";

let made: Awaited<ReturnType<typeof makeStudent>>;

beforeAll(async () => {
  made = await makeStudent();
  return () => made.remove();
});

/** One round of a single token, all of the way. */
const round = {
  ...madeConfig,
  tokens: 1,
  ngramTokens: 0,
  share: 1,
  precision: "fp32",
  softTokens: 0,
  copies: 1,
} as const;

/** A folder of served students with one in it, as it is on a machine that never searched. */
async function served() {
  const { folder, candidate } = await made.finished();
  const models = join(folder, "models");
  mkdirSync(models);
  renameSync(candidate.files.folder, join(models, "made"));
  return { models, run: join(folder, "served"), manifest: candidate.manifest };
}

/** Share of sentences with these words that the artefact in a folder is right about. */
async function rightAbout(words: typeof fresh, folder: string): Promise<number> {
  const { tokenizer } = made.materials;
  const judged = rows(words, 90, 7);
  const classifier = await openStudentClassifier(folder, [{ name: "sentiment", input: "text" }] as never, {
    tokenizer,
    threads: 1,
  });
  const sequences = judged.map(({ text }) => tokenizer.encode(text, 32).ids);
  const logits = must((await textLogits(classifier, sequences, ["sentiment"])).get("sentiment"));
  await classifier.release();
  return accuracy(
    judged.map(({ label }) => Number(label)),
    logits.map((row) => argmax(row)),
  );
}

test("trainFurther() teaches a served student new data, from the weights it is served with, and names all it was taught", async () => {
  const { models, run, manifest } = await served();
  const [candidate] = takeUpStudents(models, undefined, run);
  const materials = materialsOf(fresh, made.materials.tokenizerPath);
  const named = {
    ...materials,
    corpus: { ...materials.corpus, dataSets: [{ name: "new", licence: "none", source: "here" }] },
  };
  const config = { ...round, tokens: 200_000 };
  const trained = await trainFurther(
    config,
    { ...named, tuned: [], ensemble: [], cacheFolder: run },
    must(candidate),
    () => {},
  );
  expect(trained.manifest.dataSets.map(({ name }) => name)).toEqual(["new", "made"]);
  const [before, after] = [join(models, "made"), trained.files.folder];
  expect(await rightAbout(fresh, before)).toBeLessThan(0.7);
  expect(await rightAbout(fresh, after)).toBeGreaterThan(0.9);
  expect(manifest.version).toBe(must(candidate).manifest.version);
}, 120_000);

test("trainFurther() learns at the rate that it is given, and takes no round of one rate for that of another", async () => {
  const { models, run } = await served();
  const [candidate] = takeUpStudents(models, undefined, run);
  const materials = { ...materialsOf(fresh, made.materials.tokenizerPath), tuned: [], ensemble: [], cacheFolder: run };
  const folderAt = async (rate: number) => {
    const config = { ...round, tokens: 100_000, rate };
    return (await trainFurther(config, materials, must(candidate), () => {})).files.folder;
  };
  const [slow, fast] = [await folderAt(1e-4), await folderAt(1)];
  expect(await rightAbout(fresh, slow)).toBeLessThan(0.7);
  expect(await rightAbout(fresh, fast)).toBeGreaterThan(0.8);
}, 120_000);

test("trainFurther() without tokens adds n-grams to a static student, and leaves its other files as they are", async () => {
  const { models, run, manifest } = await served();
  const [candidate] = takeUpStudents(models, undefined, run);
  const materials = { ...made.materials, tuned: [], ensemble: [], cacheFolder: run };
  const config = { ...round, tokens: 0, ngramTokens: 20_000, share: 0.5 };
  const { manifest: after } = await trainFurther(config, materials, must(candidate), () => {});
  expect(after.ngrams?.tasks.map(({ task }) => task)).toEqual(["sentiment"]);
  const { [must(after.ngrams).file]: ngrams, ...others } = after.files;
  expect(ngrams?.bytes).toBeGreaterThan(0);
  expect(others).toEqual(manifest.files);
  expect(after.version).not.toBe(manifest.version);
}, 60_000);

test("trainFurther() keeps what the manifest says of a teacher on the same rows", async () => {
  const { models, run } = await served();
  const [candidate] = takeUpStudents(models, undefined, run);
  const { manifest, files } = must(candidate);
  const [score] = manifest.scores;
  const scores = [{ ...must(score), teacher: 0.875 }];
  const materials = { ...made.materials, tuned: [], ensemble: [], cacheFolder: run };
  const after = await trainFurther(round, materials, { manifest: { ...manifest, scores }, files }, () => {});
  expect(after.manifest.scores).toMatchObject([{ teacher: 0.875, rows: must(score).rows }]);
}, 60_000);

test("trainFurther() takes no round for that of a teacher that was believed about something else", async () => {
  const { models, run } = await served();
  const [candidate] = takeUpStudents(models, undefined, run);
  const { manifest, files } = must(candidate);
  const tuned = [{ tasks: [], weights: new Map() } as unknown as FineTunedTeacher];
  const materials = { ...made.materials, tuned, ensemble: [], cacheFolder: run };
  const roundOf = async (teacher: number) => {
    const scores = manifest.scores.map((score) => ({ ...score, teacher }));
    const after = await trainFurther(round, materials, { manifest: { ...manifest, scores }, files }, () => {});
    return dirname(after.files.folder);
  };
  const [worse, better, best] = [await roundOf(-1), await roundOf(2), await roundOf(3)];
  expect(better).not.toBe(worse);
  expect(best).toBe(better);
}, 120_000);

test("trainFurther() keeps thresholds that were fitted on sets which are not at hand, also in a second round", async () => {
  const { models, run } = await served();
  const [candidate] = takeUpStudents(models, undefined, run);
  const { manifest, files } = must(candidate);
  const tasks = manifest.tasks.map((task) => ({ ...task, temperature: 3, threshold: 0.9, fittedOn: ["gone"] }));
  const materials = { ...made.materials, tuned: [], ensemble: [], cacheFolder: run };
  const lines: string[] = [];
  let student: Candidate = { manifest: { ...manifest, tasks }, files };
  for (let i = 0; i < 2; i++) student = await trainFurther(round, materials, student, (line) => lines.push(line));
  expect(student.manifest.tasks).toMatchObject([{ temperature: 3, threshold: 0.9, fittedOn: ["gone"] }]);
  expect(lines.filter((line) => line.includes("sentiment: thresholds stay"))).toHaveLength(2);
  const here = { manifest, files };
  const { manifest: anew } = await trainFurther(round, materials, here, (line) => lines.push(line));
  expect(anew.tasks).toMatchObject([{ fittedOn: ["made"] }]);
  expect(lines.filter((line) => line.includes("thresholds stay"))).toHaveLength(2);
}, 120_000);

test("takeUpStudents() copies a student once, and says which one is not there", async () => {
  const { models, run } = await served();
  const [candidate] = takeUpStudents(models, ["made"], run);
  expect(existsSync(join(must(candidate).files.folder, "model.onnx"))).toBe(true);
  expect([...takeUpStudents(models, ["made"], run)]).toEqual([candidate]);
  expect(() => [...takeUpStudents(models, ["made", "other"], run)]).toThrow(/no student is called other/);
}, 60_000);

test("trainFurther() asks no teacher that its student was never compared with", async () => {
  const { models, run } = await served();
  const [candidate] = takeUpStudents(models, undefined, run);
  const tuned = [{ tasks: [] } as unknown as FineTunedTeacher];
  const materials = { ...materialsOf(fresh, made.materials.tokenizerPath), tuned, ensemble: [], cacheFolder: run };
  const config = { ...round, softTokens: 1 };
  await expect(trainFurther(config, materials, must(candidate), () => {})).rejects.toThrow(
    "made: its manifest has no scores of a fine-tuned teacher",
  );
}, 60_000);
