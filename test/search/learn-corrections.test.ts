import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { type Candidate, exportCandidate } from "../../search/complete.ts";
import type { Corpus } from "../../search/corpus/assemble.ts";
import { HeldOut } from "../../search/corpus/split.ts";
import { learnedFromFeedback } from "../../search/corrections/feedback-set.ts";
import { trainHeads } from "../../search/heads/train-heads.ts";
import { type LearningMaterials, learnCorrections } from "../../search/learn-corrections.ts";
import { encodeCorpus } from "../../search/student/encode-corpus.ts";
import { initialWeight, tableName, type Weights } from "../../search/student/weights.ts";
import { saveWeights } from "../../search/student/weights-file.ts";
import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { taskNamed } from "../../src/tasks/index.ts";
import { readTokenizer } from "../../src/text/read-tokenizer.ts";
import { tinyTokenizerJson } from "../fixtures/tiny-tokenizer.ts";

/** One word of a sentence says what it is worth; users bring words that the training data have none of. */
const known = [
  ["bad", "awful"],
  ["phone", "day"],
  ["good", "great"],
] as const;
const fresh = [["hate"], ["time"], ["love"]] as const;
const fillers = ["the", "it", "was", "they", "with", "my", "so", "and"];
const names = ["negative", "neutral", "positive"];
const root = mkdtempSync(join(tmpdir(), "kdnas-learn-"));
const tokenizerPath = join(root, "tokenizer.json");
const config = { seed: 1, threads: 1, id: "made" };
let materials: LearningMaterials;
let architecture: Architecture;
let weights: Weights;

function sentence(word: string, random: Random): string {
  const words = Array.from({ length: 6 }, () => must(fillers[random.int(fillers.length)]));
  words.splice(random.int(7), 0, word);
  return words.join(" ");
}

function rows(words: readonly (readonly string[])[], count: number, seed: number) {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const of = must(words[i % 3]);
    const text = sentence(must(of[random.int(of.length)]), random);
    return { text, language: "en", label: String(i % 3), dataSet: "made", weight: 1 };
  });
}

beforeAll(async () => {
  writeFileSync(tokenizerPath, JSON.stringify(tinyTokenizerJson()));
  const tokenizer = readTokenizer(tokenizerPath);
  const task = taskNamed("sentiment");
  const validation = rows(known, 120, 2);
  const heldOut = new HeldOut();
  for (const row of validation) heldOut.add(row);
  const corpus: Corpus = {
    tasks: [task],
    train: new Map([[task.name, rows(known, 300, 1).filter((row) => !heldOut.has(row))]]),
    labels: new Map([[task.name, names]]),
    validation: [{ task: task.name, dataSet: "made", language: "en", rows: validation }],
    unlabelled: [],
    heldOut,
    dataSets: [{ name: "made", licence: "none", source: "here" }],
  };
  const tasks = encodeCorpus(corpus, tokenizer, { maxTokens: 32, smoothing: 0.05 });
  materials = { corpus, tokenizer, tokenizerPath, tasks, teacher: { layerNormEpsilon: 1e-5, padId: tokenizer.padId } };
  const vocabulary = tokenizer.vocabularySize;
  architecture = { layers: 0, hidden: 16, heads: 0, ffn: 0, activation: "gelu", tableWidth: 16, vocabulary };
  const table = initialWeight({ name: tableName, dims: [vocabulary, 16] }, createRandom(1));
  weights = await trainHeads(architecture, new Map([[tableName, table]]), tasks, {
    ...{ tokens: 200_000, seed: 1, threads: 1, positions: 32, layerNormEpsilon: 1e-5, padId: tokenizer.padId },
    onProgress: () => {},
  });
  return () => rmSync(root, { recursive: true, force: true });
});

/** A finished student in a run's folder of its own, and a file of what users said. */
async function finished(words: readonly (readonly string[])[], count: number) {
  const folder = mkdtempSync(join(root, "run-"));
  saveWeights(join(folder, "heads.safetensors"), weights);
  const trained = { name: "made", architecture, weights, folder: join(folder, "student") };
  const candidate = await exportCandidate(config, materials, trained, () => {});
  const records = rows(words, count, 3).map(({ text, label }, i) => ({
    ...{ id: String(i).padStart(24, "0"), at: "2026-01-31T12:00:00Z", task: "sentiment", texts: [text], key: null },
    label: names[Number(label)],
  }));
  const feedback = join(folder, "feedback.jsonl");
  const header = { format: 1, salt: "0".repeat(32), created: "2026-01-31T12:00:00Z" };
  writeFileSync(feedback, [header, ...records].map((line) => `${JSON.stringify(line)}\n`).join(""));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, candidate, feedback };
}

async function learn({ candidate, feedback }: { candidate: Candidate; feedback: string }) {
  const log: string[] = [];
  let replays = 0;
  const replay = () => {
    replays++;
    return Promise.resolve(materials.tasks);
  };
  const learned = await learnCorrections({ ...config, feedback }, materials, { candidate, replay }, (line) =>
    log.push(line),
  );
  return { learned, log: log.join("\n"), replays };
}

test("learnCorrections() teaches a student what users said, without loss on what it knew, and once", async () => {
  const run = await finished(fresh, 240);
  const { learned, log } = await learn(run);
  expect(log).toMatch(/made · 240 corrections: \d+ to learn from, \d+ held out/);
  expect(log).toMatch(/has learned: of the held-out corrections [\d.]+ % are right, before [\d.]+ %/);
  expect(learned.base?.version).toBe(run.candidate.manifest.version);
  expect(learned.manifest.version).not.toBe(run.candidate.manifest.version);
  expect([learned, run.candidate].map(({ manifest }) => learnedFromFeedback(manifest))).toEqual([true, false]);
  expect(existsSync(join(learned.files.folder, "model.onnx"))).toBe(true);
  const again = await learn(run);
  expect([again.replays, again.learned.manifest]).toEqual([0, learned.manifest]);
}, 180_000);

test("learnCorrections() leaves the student as it was where there is nothing to gain, and remembers that", async () => {
  const run = await finished(known, 240);
  const { learned, log } = await learn(run);
  expect(learned).toBe(run.candidate);
  expect(log).toMatch(/stays as it was: of the held-out corrections it gets [\d.]+ % right, before 100\.0 %/);
  expect((await learn(run)).replays).toBe(0);
}, 180_000);

test("learnCorrections() does nothing by a handful of corrections, and says how many are needed", async () => {
  const run = await finished(fresh, 12);
  const { learned, log, replays } = await learn(run);
  expect(learned).toBe(run.candidate);
  expect(replays).toBe(0);
  expect(log).toMatch(/too few to tell whether the others help; 20 are needed, one in five is held out/);
  expect(readdirSync(run.folder).some((name) => name.startsWith("corrected-"))).toBe(false);
}, 60_000);
