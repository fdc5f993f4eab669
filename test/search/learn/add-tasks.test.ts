import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readEnsemble } from "../../../search/complete/ensemble.ts";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { readWeights } from "../../../search/export/read-weights.ts";
import { openStudentClassifier } from "../../../search/heads/open-classifier.ts";
import { textLogits } from "../../../search/heads/predict.ts";
import { addTasks } from "../../../search/learn/add-tasks.ts";
import { headWidth, parametersOf } from "../../../search/student/weights.ts";
import { ConfigError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { surfaceWidth } from "../../../src/pairs/surface-features.ts";
import { accuracy, argmax } from "../../../src/stats.ts";
import { adequacy } from "../../../src/tasks/adequacy.ts";
import { createDeclaredTask } from "../../../src/tasks/declared.ts";
import type { Task } from "../../../src/tasks/task.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";
import { corpusOf, isPolar, known, madeConfig, makeStudent, polar, rows } from "../made-student.ts";

/** Whether the word that tells is one of the strong ones: what the encoder has in it, but was not trained for. */
const strong = createDeclaredTask({ name: "strong", input: "text", metric: "macroF1", labels: ["no", "yes"] });

let made: Awaited<ReturnType<typeof makeStudent>>;
beforeAll(async () => {
  made = await makeStudent();
  return () => made.remove();
});

const isStrong = ({ text }: { text: string }) => /awful|great/.test(text);

async function logitsOf({ files, manifest }: Candidate, task: string, texts: readonly string[]) {
  const { tokenizer } = made.materials;
  const classifier = await openStudentClassifier(files.folder, manifest.tasks, { tokenizer, threads: 1 });
  const sequences = texts.map((text) => tokenizer.encode(text, 32).ids);
  const logits = must((await textLogits(classifier, sequences, [task])).get(task));
  await classifier.release();
  return logits.map((row) => Array.from(row));
}

const alike = createDeclaredTask({ name: "alike", input: "pair", metric: "accuracy", labels: ["no", "yes"] });

/** Pairs of sentences, and whether they say the same of what they are about. */
function pairsOf(task: Task = alike, toLabel = (isAlike: boolean) => String(Number(isAlike))): Corpus {
  const paired = (count: number, seed: number) => {
    const others = rows(known, 2 * count, seed + 50);
    return rows(known, count, seed).map((row, i) => {
      // A stride of three would give a sentence the same answer each time.
      const other = must(others[(i * 7 + Math.floor(i / 3)) % others.length]);
      return { ...row, pair: other.text, language: "en-en", label: toLabel(row.label === other.label) };
    });
  };
  return {
    ...corpusOf(alike, () => false),
    tasks: [task],
    labels: new Map([[task.name, must(task.labels)]]),
    train: new Map([[task.name, paired(600, 3)]]),
    validation: [{ task: task.name, dataSet: "more", language: "en-en", rows: paired(120, 4) }],
  };
}

const add = (corpus: Corpus, student: Candidate, name: string) =>
  addTasks(madeConfig, corpus, student, join(dirname(student.files.folder), name), () => {});

test("addTasks() teaches a finished student a task, and leaves every other answer as it was", async () => {
  const { candidate } = await made.finished();
  const added = await add(corpusOf(polar, isPolar), candidate, "with-polar");
  const judged = rows(known, 90, 9);
  const texts = judged.map(({ text }) => text);
  const said = await logitsOf(added, "polar", texts);
  const truth = judged.map((row) => Number(isPolar(row)));
  expect(accuracy(truth, said.map(argmax))).toBeGreaterThan(0.95);
  expect(await logitsOf(added, "sentiment", texts)).toEqual(await logitsOf(candidate, "sentiment", texts));
  for (const file of candidate.files.names)
    expect(readFileSync(join(added.files.folder, file))).toEqual(readFileSync(join(candidate.files.folder, file)));
  const [own, entry] = added.manifest.tasks;
  expect(own).toEqual(candidate.manifest.tasks[0]);
  expect(entry).toMatchObject({ name: "polar", file: "heads.onnx", declared: { metric: "macroF1" } });
  expect(added.manifest.version).not.toBe(candidate.manifest.version);
  expect(added.manifest.scores.map(({ task, dataSet }) => `${task} ${dataSet}`)).toEqual([
    "sentiment made",
    "polar more",
  ]);
  expect(added.manifest.dataSets.map(({ name }) => name)).toEqual(["made", "more"]);
}, 120_000);

test("addTasks() keeps tasks that were added before, learns one anew that is added again, and counts parameters once", async () => {
  const { candidate } = await made.finished();
  const first = await add(corpusOf(polar, isPolar), candidate, "first");
  const both = await add(corpusOf(strong, isStrong), first, "both");
  const texts = rows(known, 30, 9).map(({ text }) => text);
  const polarSaid = await logitsOf(first, "polar", texts);
  expect(await logitsOf(both, "polar", texts)).toEqual(polarSaid);
  const again = await add(
    corpusOf(polar, (row) => !isPolar(row)),
    both,
    "again",
  );
  expect(await logitsOf(again, "polar", texts)).not.toEqual(polarSaid);
  expect(again.manifest.tasks.map(({ name }) => name)).toEqual(["sentiment", "strong", "polar"]);
  expect(again.manifest.parameters).toBe(both.manifest.parameters);
  const weights = readWeights(again.files.folder, again.manifest);
  expect(parametersOf(weights)).toBe(again.manifest.parameters);
}, 120_000);

test("addTasks() counts the numbers of a head over pairs that saw no surface before it was learned anew", async () => {
  const folder = join(dirname((await made.finished()).candidate.files.folder), "earlier");
  const manifest = writeTinyStudent(folder, { name: "earlier", surface: "unknown" });
  const corpus = pairsOf(adequacy, (isAlike) => String(100 * Number(isAlike)));
  const added = await add(corpus, { manifest, files: { folder, names: Object.keys(manifest.files) } }, "later");
  const width = headWidth(manifest.architecture);
  expect(added.manifest.parameters).toBe(manifest.parameters + surfaceWidth * width);
}, 60_000);

test("addTasks() refuses a task without rows to learn from, and leaves nothing behind", async () => {
  const { candidate } = await made.finished();
  const judged = { ...corpusOf(polar, isPolar), train: new Map() };
  await expect(add(judged, candidate, "unlearned")).rejects.toThrow(/polar: these data have no rows to learn from/);
  expect(existsSync(join(dirname(candidate.files.folder), "unlearned"))).toBe(false);
}, 60_000);

test("addTasks() teaches a task over pairs, and learns it anew, in a graph of its own", async () => {
  const { candidate } = await made.finished();
  const first = await add(pairsOf(), candidate, "pairs");
  expect(first.manifest.tasks.at(-1)).toMatchObject({ name: "alike", input: "pair", file: "pair_alike.onnx" });
  expect(must(first.manifest.scores.find(({ task }) => task === "alike")).student).toBeGreaterThan(0.9);
  expect(parametersOf(readWeights(first.files.folder, first.manifest))).toBe(first.manifest.parameters);
  const texts = rows(known, 30, 9).map(({ text }) => text);
  expect(await logitsOf(first, "sentiment", texts)).toEqual(await logitsOf(candidate, "sentiment", texts));
  const again = await add(pairsOf(), first, "pairs-again");
  expect(again.manifest.version).toBe(first.manifest.version);
  expect(again.manifest.parameters).toBe(first.manifest.parameters);
}, 120_000);

test("addTasks() refuses a task over texts that was learned with the encoder, before it writes anything", async () => {
  const { candidate } = await made.finished();
  const folder = join(dirname(candidate.files.folder), "refused");
  const adding = addTasks(madeConfig, made.materials.corpus, candidate, folder, () => {});
  await expect(adding).rejects.toThrow(ConfigError);
  expect(existsSync(folder)).toBe(false);
}, 60_000);

test("addTasks() learns what an ensemble says of pairs beside labels, which it outweighs where they err", async () => {
  const { candidate } = await made.finished();
  const right = await add(pairsOf(), candidate, "knowing");
  const inverted = pairsOf(alike, (isAlike) => String(Number(!isAlike)));
  const scoreOf = ({ manifest }: Candidate) => must(manifest.scores.find(({ task }) => task === "alike")).student;
  expect(scoreOf(await add(inverted, candidate, "misled"))).toBeGreaterThan(0.8);
  const folder = join(dirname(candidate.files.folder), "told");
  const ensemble = { members: readEnsemble([right.files.folder]), cacheFolder: join(folder, "..", "said") };
  const told = await addTasks({ ...madeConfig, ensemble }, inverted, candidate, folder, () => {});
  expect(scoreOf(told)).toBeLessThan(0.2);
}, 120_000);
