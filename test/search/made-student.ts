import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Candidate, exportCandidate } from "../../search/complete/export-candidate.ts";
import type { Corpus } from "../../search/corpus/assemble.ts";
import { HeldOut } from "../../search/corpus/split.ts";
import { trainHeads } from "../../search/heads/train-heads.ts";
import type { LearningMaterials } from "../../search/learn/try-corrections.ts";
import { encodeCorpus } from "../../search/student/encode-corpus.ts";
import { initialWeight, tableName } from "../../search/student/weights.ts";
import { saveWeights } from "../../search/student/weights-file.ts";
import { must } from "../../src/invariant.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { createDeclaredTask } from "../../src/tasks/declared.ts";
import { taskNamed } from "../../src/tasks/index.ts";
import { readTokenizer } from "../../src/text/read-tokenizer.ts";
import { tinyTokenizerJson } from "../fixtures/tiny-tokenizer.ts";

/** A small student that was really trained, for tests of what can be done with one that is finished. */

type Words = readonly (readonly string[])[];

/** One word of a sentence says what it is worth; users bring words that the training data have none of. */
export const known: Words = [
  ["bad", "awful"],
  ["phone", "day"],
  ["good", "great"],
];
export const fresh: Words = [["hate"], ["time"], ["love"]];
const fillers = ["the", "it", "was", "they", "with", "my", "so", "and"];
export const labels = ["negative", "neutral", "positive"];
export const madeConfig = { seed: 1, threads: 1, id: "made" };

function sentence(word: string, random: Random): string {
  const words = Array.from({ length: 6 }, () => must(fillers[random.int(fillers.length)]));
  words.splice(random.int(7), 0, word);
  return words.join(" ");
}

export function rows(words: Words, count: number, seed: number) {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const of = must(words[i % 3]);
    const text = sentence(must(of[random.int(of.length)]), random);
    return { text, language: "en", label: String(i % 3), dataSet: "made", weight: 1 };
  });
}

/** What a student learns these words from, and is judged by. */
export function materialsOf(words: Words, tokenizerPath: string): LearningMaterials {
  const tokenizer = readTokenizer(tokenizerPath);
  const task = taskNamed("sentiment");
  const validation = rows(words, 120, 2);
  const heldOut = new HeldOut();
  for (const row of validation) heldOut.add(row);
  const corpus: Corpus = {
    tasks: [task],
    train: new Map([[task.name, rows(words, 300, 1).filter((row) => !heldOut.has(row))]]),
    labels: new Map([[task.name, labels]]),
    validation: [{ task: task.name, dataSet: "made", language: "en", rows: validation }],
    unlabelled: [],
    heldOut,
    dataSets: [{ name: "made", licence: "none", source: "here" }],
  };
  const tasks = encodeCorpus(corpus, tokenizer, { maxTokens: 32, smoothing: 0.05 });
  return {
    corpus,
    tokenizer,
    tokenizerPath,
    tasks,
    beside: [],
    teacher: { layerNormEpsilon: 1e-5, padId: tokenizer.padId },
  };
}

/** Whether a sentence has a word that is worth something: what the encoder knows, but was not asked. */
export const polar = createDeclaredTask({ name: "polar", input: "text", metric: "macroF1", labels: ["none", "polar"] });
export const isPolar = ({ label }: { label: string }) => label !== "1";

/** Rows of another task about the same sentences, and nothing else. */
export function corpusOf(task: typeof polar, labelOf: (row: ReturnType<typeof rows>[number]) => boolean): Corpus {
  const labelled = (count: number, seed: number) =>
    rows(known, count, seed).map((row) => ({ ...row, label: String(Number(labelOf(row))) }));
  return {
    tasks: [task],
    train: new Map([[task.name, labelled(300, 3)]]),
    labels: new Map([[task.name, must(task.labels)]]),
    validation: [{ task: task.name, dataSet: "more", language: "en", rows: labelled(120, 4) }],
    unlabelled: [],
    heldOut: new HeldOut(),
    dataSets: [{ name: "more", licence: "none", source: "here" }],
  };
}

/** Trains one on the known words. */
export async function makeStudent() {
  const root = mkdtempSync(join(tmpdir(), "kdnas-made-"));
  const tokenizerPath = join(root, "tokenizer.json");
  writeFileSync(tokenizerPath, JSON.stringify(tinyTokenizerJson()));
  const materials = materialsOf(known, tokenizerPath);
  const { tokenizer, tasks } = materials;
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
  const table = initialWeight({ name: tableName, dims: [vocabulary, 32] }, createRandom(1));
  const weights = await trainHeads(architecture, new Map([[tableName, table]]), tasks, {
    ...{ tokens: 200_000, seed: 1, threads: 1, positions: 32, layerNormEpsilon: 1e-5, padId: tokenizer.padId },
    onProgress: () => {},
  });
  const original = join(root, "original");
  let exported: Promise<Candidate> | undefined;
  const exportOriginal = (): Promise<Candidate> => {
    mkdirSync(original);
    saveWeights(join(original, "heads.safetensors"), weights);
    const trained = { name: "made", architecture, weights, folder: join(original, "student") };
    return exportCandidate(madeConfig, materials, trained, () => {});
  };
  return {
    materials,
    /**
     * As a search leaves it: its weights, and its int8 artefact, in a run's folder of its own. Each is a copy of one that is exported when
     * it is first asked for: an export takes seconds, since it times the artefact.
     */
    finished: async (): Promise<{ folder: string; candidate: Candidate }> => {
      exported ??= exportOriginal();
      const { manifest, files } = await exported;
      const folder = mkdtempSync(join(root, "run-"));
      cpSync(original, folder, { recursive: true });
      return { folder, candidate: { manifest, files: { ...files, folder: join(folder, "student") } } };
    },
    weights,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
