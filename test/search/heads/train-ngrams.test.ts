import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Candidate, exportCandidate } from "../../../search/complete/export-candidate.ts";
import type { Corpus } from "../../../search/corpus/assemble.ts";
import { HeldOut } from "../../../search/corpus/split.ts";
import { readWeights } from "../../../search/export/read-weights.ts";
import { openStudentClassifier } from "../../../search/heads/open-classifier.ts";
import { textLogits } from "../../../search/heads/predict.ts";
import { trainNgrams } from "../../../search/heads/train-ngrams.ts";
import { encodeCorpus } from "../../../search/student/encode-corpus.ts";
import { ngramFile, ngramPart, ngramShape } from "../../../search/student/ngram-part.ts";
import { quantizeColumns, restoreColumns, storedLimit } from "../../../search/student/quantize.ts";
import { headParameters, initialWeight, tableName, type Weights, weightOf } from "../../../search/student/weights.ts";
import { openStudent, releaseStudent } from "../../../serve/engine/open-student.ts";
import { runBatch } from "../../../serve/engine/run-batch.ts";
import { readStudent } from "../../../serve/students/read-student.ts";
import { createStudent } from "../../../serve/students/student.ts";
import type { Manifest } from "../../../src/contract/manifest.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";
import { accuracy, argmax } from "../../../src/stats.ts";
import { taskNamed } from "../../../src/tasks/index.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import { tinyTokenizerJson } from "../../fixtures/tiny-tokenizer.ts";

/** Two languages of the same letters, as often in both: only their order tells. */
const [root, labels] = [mkdtempSync(join(tmpdir(), "kdnas-ngrams-")), ["aa", "bb"]];
const syllables = [
  ["ko", "lu", "mi"],
  ["ok", "ul", "im"],
] as const;

function textIn(language: number, seed: number): string {
  const random = createRandom(seed);
  const own = must(syllables[language]);
  const word = () => Array.from({ length: 2 + random.int(2) }, () => own[random.int(3)]).join("");
  return Array.from({ length: 5 }, word).join(" ");
}

function rowsFrom(seed: number, count: number) {
  return Array.from({ length: count }, (_, i) => {
    const label = must(labels[i % 2]);
    return { text: textIn(i % 2, seed + i), language: label, label, dataSet: label, weight: 1 };
  });
}

const [task, other] = [taskNamed("language"), taskNamed("sentiment")];
const tokenizerPath = join(root, "tokenizer.json");
writeFileSync(tokenizerPath, JSON.stringify(tinyTokenizerJson()));
const tokenizer = readTokenizer(tokenizerPath);
const validation = rowsFrom(10_000, 60);
const corpus: Corpus = {
  tasks: [task, other],
  train: new Map([
    [task.name, rowsFrom(1, 400)],
    [other.name, rowsFrom(1, 3).map((row) => ({ ...row, label: "1" }))],
  ]),
  labels: new Map([
    [task.name, labels],
    [other.name, must(other.labels)],
  ]),
  validation: [{ task: task.name, dataSet: "made", language: "all", rows: validation }],
  unlabelled: [],
  heldOut: new HeldOut(),
  dataSets: [],
};
const tasks = encodeCorpus(corpus, tokenizer, { maxTokens: 32, smoothing: 0.05 });
const vocabulary = tokenizer.vocabularySize;
const architecture = {
  layers: 0,
  hidden: 32,
  heads: 0,
  ffn: 0,
  activation: "gelu",
  tableWidth: 32,
  vocabulary,
} as const;

let [part, encoder, made] = [] as unknown as [Weights, Weights, Candidate];
beforeAll(async () => {
  const options = { tokens: 300_000, seed: 1, threads: 1, layerNormEpsilon: 1e-5, onProgress: () => {} };
  part = await trainNgrams(tasks.slice(0, 1), tokenizer, options);
  const shapes = [
    { name: tableName, dims: [vocabulary, 32] },
    ...headParameters(architecture, { task: task.name, input: "text", labels: 2 }),
    ...headParameters(architecture, { task: other.name, input: "text", labels: 3 }),
  ];
  encoder = new Map(shapes.map((shape) => [shape.name, initialWeight(shape, createRandom(1))]));
  const materials = { corpus, tokenizer, tokenizerPath, tasks, beside: [], teacher: { layerNormEpsilon: 1e-5 } };
  const weights = new Map([...encoder, ...part]);
  const trained = { name: "made", architecture, weights, folder: join(root, "student") };
  made = await exportCandidate({ seed: 1, threads: 1, id: "made" }, materials, trained, () => {});
}, 120_000);
afterAll(() => rmSync(root, { recursive: true }));

const sequences = validation.map(({ text }) => tokenizer.encode(text, 32).ids);

async function logitsWith(ngrams: Manifest["ngrams"]) {
  const classifier = await openStudentClassifier(made.files.folder, [task], { tokenizer, ngrams, threads: 1 });
  const logits = must((await textLogits(classifier, sequences, [task.name])).get(task.name));
  await classifier.release();
  return logits;
}

async function accuracyOf(ngrams: Manifest["ngrams"]): Promise<number> {
  const logits = await logitsWith(ngrams);
  return accuracy(
    validation.map(({ label }) => labels.indexOf(label)),
    logits.map(argmax),
  );
}

test("trainNgrams() learns spelling that pieces tell nothing of, and exportCandidate() weighs it beside the encoder", async () => {
  expect(made.manifest.ngrams).toMatchObject({ file: ngramFile, ...ngramShape });
  const [own, ...others] = must(made.manifest.ngrams).tasks;
  expect([own?.task, others]).toEqual(["language", []]);
  expect(must(own).weight).toBeGreaterThan(0);
  expect(Object.keys(made.manifest.files)).toContain(ngramFile);
  expect(await accuracyOf(made.manifest.ngrams)).toBeGreaterThan(0.95);
  expect(await accuracyOf(undefined)).toBeLessThan(0.8);
  expect(must(made.manifest.scores[0]).student).toBeCloseTo(await accuracyOf(made.manifest.ngrams), 5);
});

test("readWeights() reads the n-grams of a student as well as its encoder", () => {
  const read = readWeights(made.files.folder, made.manifest);
  expect([...read.keys()].sort()).toEqual([...encoder.keys(), ...part.keys()].sort());
  expect(ngramPart(encoder)).toBeNull();
  const [own, before] = [must(ngramPart(read)), must(ngramPart(part))];
  const stored = quantizeColumns(weightOf(before, "head.language.out.weight"), storedLimit);
  expect(own.get("head.language.out.weight")).toEqual(restoreColumns(stored));
});

async function served(manifest: Manifest) {
  const files = { id: "one", folder: made.files.folder, manifest, maxTokens: 32 };
  return await openStudent(await readStudent(files, new SharedArrayBuffer(1 << 23)));
}

const batch = (asked: readonly string[]) => ({
  ...{ studentId: "one", input: "text" as const, tasks: asked, tokenBudget: 4096 },
  texts: validation.map(({ text }) => text),
});

test("a server answers with the n-grams as the search judged them", async () => {
  const student = await served(made.manifest);
  const { logits } = await runBatch(student, batch([task.name]));
  const expected = (await logitsWith(made.manifest.ngrams)).flatMap((row) =>
    Array.from(row, (x) => expect.closeTo(x, 3)),
  );
  expect([...must(logits[task.name])]).toEqual(expected);
  await releaseStudent(student);
});

test("a server that only watches languages sees those that the search saw", async () => {
  const student = await served(made.manifest);
  const { languages } = await runBatch(student, { ...batch([other.name]), asksLanguages: true });
  expect([...must(languages)]).toEqual((await logitsWith(made.manifest.ngrams)).map(argmax));
  await releaseStudent(student);
});

test("a server refuses n-grams that the table has no rows for, and a manifest without the file", async () => {
  const { ngrams, files } = made.manifest;
  const more = { ...must(ngrams), rows: 2 * ngramShape.rows };
  await expect(served({ ...made.manifest, ngrams: more })).rejects.toThrow(
    /ngrams.onnx: 65536 rows .* for 131072 n-grams/,
  );
  const { [ngramFile]: _, ...others } = files;
  expect(() => createStudent("one", { ...made.manifest, files: others }, 32)).toThrow(/no sha256 of ngrams.onnx/);
});
