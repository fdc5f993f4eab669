import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type ExportMaterials, exportCandidate, judgedTokens } from "../search/complete.ts";
import type { Corpus } from "../search/corpus/assemble.ts";
import { loadCorpus } from "../search/corpus/load.ts";
import type { LabelledExample } from "../search/corpus/preparation.ts";
import { type Corrections, toCorrections } from "../search/corrections/corrections.ts";
import { fineTuneOnCorrections } from "../search/corrections/fine-tune.ts";
import { percent, reasonToStay, setChanges } from "../search/corrections/gate.ts";
import { shareRight } from "../search/corrections/measure.ts";
import { openStudentClassifier } from "../search/heads/open-classifier.ts";
import { trainHeads } from "../search/heads/train-heads.ts";
import { trainingMaxTokens } from "../search/prepare.ts";
import { encodeCorpus } from "../search/student/encode-corpus.ts";
import type { EncodedTask } from "../search/student/encoded-task.ts";
import { interpolate } from "../search/student/interpolate.ts";
import { tableName, type Weights } from "../search/student/weights.ts";
import { loadWeights } from "../search/student/weights-file.ts";
import type { Architecture } from "../src/contract/architecture.ts";
import type { FeedbackRecord } from "../src/contract/feedback.ts";
import type { Score } from "../src/contract/manifest.ts";
import { meanScore } from "../src/contract/mean-score.ts";
import { must } from "../src/invariant.ts";
import { createRandom, shuffle } from "../src/random.ts";
import { readTokenizer } from "../src/text/read-tokenizer.ts";

/**
 * What corrections are worth on a real shift: a static student that has seen no labelled text of one language for one task
 * gets corrections drawn from it. What it gains there, and loses elsewhere, beside naive fine-tuning on the corrections alone.
 * Both get the same corrections, passes and rate; the student is judged as its int8 artefact on all validation sets.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      data: { type: "string", default: process.env.KDNAS_DATA ?? "data" },
      tokenizer: { type: "string", default: "models/teacher/tokenizer.json" },
      encoder: { type: "string" },
      width: { type: "string", default: "64" },
      tasks: { type: "string", default: "filter,sentiment" },
      task: { type: "string", default: "sentiment" },
      language: { type: "string", default: "ko" },
      rows: { type: "string", default: "2000" },
      corrections: { type: "string", default: "500" },
      tokens: { type: "string", default: "6000000" },
      seed: { type: "string", default: "1" },
      threads: { type: "string", default: "2" },
    },
  });
  const [seed, threads] = [Number(values.seed), Number(values.threads)];
  const tokenizer = readTokenizer(values.tokenizer);
  const rows = Number(values.rows);
  const limits = { labelledPerLanguage: rows, validationPerLanguage: Math.ceil(rows / 2), unlabelledPerLanguage: 0 };
  const whole = await loadCorpus([values.data], { seed, tasks: values.tasks.split(","), limits });
  const { corpus, pool } = holdOut(whole, values.task, values.language);
  const tasks = encodeCorpus(corpus, tokenizer, { maxTokens: trainingMaxTokens, smoothing: 0.05 });
  const records = toRecords(values.task, must(corpus.labels.get(values.task)), pool, Number(values.corrections), seed);
  const corrections = toCorrections(records, tasks, corpus.heldOut);
  console.log(
    `${values.task} in ${values.language}: ${pool.length} labelled texts held out; ${corrections.train.length} corrections ` +
      `to learn from, ${corrections.heldOut.length} held out`,
  );
  for (const { task, examples } of tasks) console.log(`${task.name}: ${examples.length} examples`);
  const encoder = startOf(values.encoder, Number(values.width), tokenizer.vocabularySize);
  const shared = {
    seed,
    threads,
    positions: 256,
    layerNormEpsilon: 1e-5,
    padId: tokenizer.padId,
    onProgress: () => {},
  };
  const started = performance.now();
  const base = await trainHeads(encoder.architecture, encoder.weights, tasks, {
    ...shared,
    tokens: Number(values.tokens),
  });
  console.log(`static student trained on ${values.tokens} tokens in ${seconds(started)}`);
  const tune = async (replay: readonly EncodedTask[]) =>
    fineTuneOnCorrections(encoder.architecture, base, corrections.train, tokenizer, {
      ...shared,
      ...{ maxTokens: trainingMaxTokens, smoothing: 0.05, tasks, replay },
    });
  const startedTuning = performance.now();
  const replayed = await tune(tasks);
  console.log(`fine-tuned with replay in ${seconds(startedTuning)}`);
  const naive = await tune([]);
  const materials = { corpus, tokenizer, tokenizerPath: values.tokenizer, tasks, teacher: { layerNormEpsilon: 1e-5 } };
  const measure = (weights: Weights) =>
    judge({ id: "bench", seed, threads }, materials, encoder.architecture, weights, corrections);
  const before = await measure(base);
  const isThere = ({ task, language }: Score) => task === values.task && language === values.language;
  console.log(["", "held-out corrections", "there", "elsewhere", "worst set", "gate"].join(" | "));
  const show = (name: string, after: Judged) =>
    console.log(
      [
        name.padEnd(24),
        percent(after.right),
        points(meanScore(after.scores.filter(isThere))),
        points(meanScore(after.scores.filter((score) => !isThere(score)))),
        worst(before, after, isThere),
        after === before ? "" : (reasonToStay({ before, after }) ?? "passed"),
      ].join(" | "),
    );
  show("before", before);
  for (const share of [1, 0.5, 0.25])
    show(`replay, ${percent(share)} of the way`, await measure(interpolate(base, replayed, share)));
  show("naive", await measure(naive));
  show("naive, 25 % of the way", await measure(interpolate(base, naive, 0.25)));
}

/** The corpus without the task's labelled texts in a language, and those. */
function holdOut(corpus: Corpus, task: string, language: string) {
  const all = must(corpus.train.get(task), `examples of ${task}`);
  const train = new Map(corpus.train).set(
    task,
    all.filter((example) => example.language !== language),
  );
  return { corpus: { ...corpus, train }, pool: all.filter((example) => example.language === language) };
}

function toRecords(
  name: string,
  labels: readonly string[],
  pool: readonly LabelledExample[],
  count: number,
  seed: number,
): FeedbackRecord[] {
  return shuffle([...pool], createRandom(seed))
    .slice(0, count)
    .map((example, i) => ({
      id: i.toString(16).padStart(24, "0"),
      at: new Date(0).toISOString(),
      task: name,
      texts: [example.text],
      label: must(labels[labelOf(example, labels)]),
      key: null,
    }));
}

function labelOf({ label }: LabelledExample, labels: readonly string[]): number {
  const index = labels.indexOf(label);
  return index < 0 ? Number(label) : index;
}

/** A token table that a search distilled, or else a random one. */
function startOf(
  path: string | undefined,
  width: number,
  rows: number,
): { architecture: Architecture; weights: Weights } {
  const weights = path === undefined ? randomTable(rows, width) : must(loadWeights(path), path);
  const [vocabulary, tableWidth] = must(weights.get(tableName)).dims as [number, number];
  const flat = { layers: 0, heads: 0, ffn: 0, activation: "gelu" } as const;
  return { architecture: { ...flat, hidden: tableWidth, tableWidth, vocabulary }, weights };
}

function randomTable(rows: number, width: number): Weights {
  const random = createRandom(1);
  const data = Float32Array.from({ length: rows * width }, () => (random.next() - 0.5) / Math.sqrt(width));
  return new Map([[tableName, { dims: [rows, width], data }]]);
}

interface Judged {
  readonly scores: readonly Score[];
  readonly right: number;
}

async function judge(
  config: { readonly id: string; readonly seed: number; readonly threads: number },
  materials: ExportMaterials,
  architecture: Architecture,
  weights: Weights,
  corrections: Corrections,
): Promise<Judged> {
  const folder = mkdtempSync(join(tmpdir(), "kdnas-bench-feedback-"));
  const { manifest } = await exportCandidate(
    config,
    materials,
    { name: "bench", architecture, weights, folder },
    () => {},
  );
  const classifier = await openStudentClassifier(folder, manifest.tasks, materials.tokenizer.padId, config.threads);
  const maxTokens = judgedTokens(manifest.maxTokens);
  const right = await shareRight(classifier, manifest.tasks, corrections.heldOut, materials.tokenizer, maxTokens);
  await classifier.release();
  rmSync(folder, { recursive: true, force: true });
  return { scores: manifest.scores, right };
}

/** The set that lost most, those of the shift left out. */
function worst(before: Judged, after: Judged, isThere: (score: Score) => boolean): string {
  const elsewhere = ({ scores, right }: Judged) => ({ scores: scores.filter((score) => !isThere(score)), right });
  const [first] = setChanges({ before: elsewhere(before), after: elsewhere(after) });
  return first === undefined ? "" : `${first.dataSet} ${first.points.toFixed(2)}`;
}

function points(score: number): string {
  return (100 * score).toFixed(2);
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(0)} s`;
}
