import { join } from "node:path";
import { type Architecture, architectureName } from "../src/contract/architecture.ts";
import type { Manifest, ManifestTask, Ngrams } from "../src/contract/manifest.ts";
import { must } from "../src/invariant.ts";
import { machine } from "../src/onnx/machine.ts";
import { declarationOf } from "../src/tasks/declared.ts";
import { addNgrams } from "./add-ngrams.ts";
import type { Log } from "./command.ts";
import type { SearchConfig } from "./config.ts";
import { judgedRows, limitValidation } from "./corpus/limit-validation.ts";
import { distil } from "./distil/distil.ts";
import { mappedLayers, stateMaps } from "./distil/state-maps.ts";
import { describeStudent, headFile, type StudentFiles, writeGraphs } from "./export/export-student.ts";
import { withReferences } from "./export/reference.ts";
import { openStudentClassifier } from "./heads/open-classifier.ts";
import { openEncoder } from "./heads/open-encoder.ts";
import { calibrated, type SetLogits, scoresOf, validationLogits } from "./heads/score.ts";
import { weightOfSecond } from "./heads/weigh-second.ts";
import { type Materials, studentPositions, teacherStates, trainingMaxTokens } from "./prepare.ts";
import { printProgress } from "./progress.ts";
import { measureLatency } from "./reward/measure.ts";
import { stageResult } from "./stage-result.ts";
import { type EncodedTask, headOf } from "./student/encoded-task.ts";
import { ngramFile, ngramShape } from "./student/ngram-part.ts";
import { parametersOf, type Weights } from "./student/weights.ts";
import type { Teacher } from "./teacher/teacher.ts";
import { timedLengths } from "./timed-lengths.ts";
import { dropRounds, trainInRounds } from "./train-in-rounds.ts";

/** Longest text a student reads when served; static ones have no positions to run out of. */
function maxTokensOf(a: Architecture): number {
  return a.layers === 0 ? 512 : studentPositions;
}

export interface Candidate {
  readonly files: StudentFiles;
  readonly manifest: Manifest;
  /** Of the student that was fine-tuned on corrections, and passed their gates. */
  readonly base?: Manifest;
}

/** A candidate, and its logits on the validation sets. */
export interface Exported extends Candidate {
  readonly results: readonly SetLogits[];
}

/** What judging and describing a student takes. */
export interface ExportMaterials extends Pick<Materials, "corpus" | "tokenizer" | "tokenizerPath" | "tasks"> {
  readonly teacher: Pick<Teacher, "layerNormEpsilon">;
}
export type ExportConfig = Pick<SearchConfig, "threads" | "seed" | "id">;

/**
 * distil in full → task heads → int8 → manifest, for the winner of a budget. Every stage leaves its result in the run's folder, so
 * that a killed run takes up the stage it was in.
 */
export async function completeStudent(
  config: SearchConfig,
  materials: Materials,
  name: string,
  a: Architecture,
  log: Log,
): Promise<Candidate> {
  const folder = join(config.runs, config.id, `${name}-${architectureName(a)}`);
  const stage = `${name} ${architectureName(a)}`;
  const encoder = await stageResult(join(folder, "encoder"), async (checkpoint) => {
    const layers = mappedLayers(stateMaps(a, materials.teacher.architecture));
    const texts = { tokens: config.effort.distilTexts, seed: config.seed + 1, layers };
    const targets = await teacherStates(config, materials, texts, log);
    const { weights, pooledLoss } = await distil(a, targets, materials.heritage, {
      transfer: config.transfer,
      tokens: config.effort.distilTokens,
      seed: config.seed,
      threads: config.threads,
      precision: config.precision,
      positions: studentPositions,
      validationTexts: Math.max(16, Math.round(targets.sequences.length * 0.03)),
      onProgress: printProgress(`distil ${stage}`, log),
      checkpoint,
    });
    log(`distilled ${stage} · loss ${pooledLoss.toFixed(4)}`);
    return weights;
  });
  const weights = await stageResult(join(folder, "heads"), async () => {
    const trained = await trainInRounds(config, materials, { architecture: a, encoder, folder, stage }, log);
    if (a.layers > 0) return trained;
    const spelling = { ...config, ngramTokens: config.effort.ngramTokens };
    return await addNgrams(spelling, materials, { weights: trained, folder, name: stage }, log);
  });
  dropRounds(folder);
  return exportCandidate(config, materials, { name, architecture: a, weights, folder: join(folder, "student") }, log);
}

interface Trained {
  readonly name: string;
  readonly architecture: Architecture;
  readonly weights: Weights;
  readonly folder: string;
  /** Tasks of the student that it was fine-tuned from, where it is to decide as that one did (`calibrated`). @default none */
  readonly kept?: readonly ManifestTask[];
}

/** Writes the int8 artefact, calibrates, scores and times it, and describes it in a manifest. */
export async function exportCandidate(
  config: ExportConfig,
  materials: ExportMaterials,
  trained: Trained,
  log: Log,
): Promise<Exported> {
  const { architecture: a, weights, name, folder, kept = [] } = trained;
  const heads = materials.tasks.map(({ task, labels }) => headOf(task, labels));
  const files = writeGraphs(folder, a, weights, heads, {
    layerNormEpsilon: materials.teacher.layerNormEpsilon,
    tokenizerPath: materials.tokenizerPath,
  });
  log(`${name} · calibrating and scoring the int8 artefact`);
  const maxTokens = maxTokensOf(a);
  const ngrams = await weighNgrams(config, materials, files, maxTokens);
  const results = await validate(config, materials, { folder, maxTokens, ngrams });
  const { tasks, scores } = judge(materials, results, { maxTokens, kept }, log);
  const { tokenizer } = materials;
  const latency = await measureLatency(() => openEncoder(folder, { tokenizer, ngrams, threads: 1 }), timedLengths, {
    threads: 1,
    vocabulary: a.vocabulary,
    budgetMs: 4000,
  });
  const manifest = describeStudent(files, {
    name,
    architecture: a,
    maxTokens,
    tasks,
    ...(ngrams && { ngrams }),
    scores: scores.map((score) => ({ ...score, teacher: null })),
    latency: { ...machine(), threads: 1, lengths: latency },
    parameters: parametersOf(weights),
    seed: config.seed,
    dataSets: materials.corpus.dataSets.map((set) => ({ ...set })),
    searchId: config.id,
  });
  return { files, manifest, results };
}

/** An artefact, and how it is read. */
interface Judgeable extends Pick<Manifest, "maxTokens" | "ngrams"> {
  readonly folder: string;
}

/**
 * How much the n-grams of an artefact count beside its encoder: in each task that reads them the weight of the least log-loss on the
 * validation rows. Undefined where it has none.
 */
async function weighNgrams(
  config: ExportConfig,
  materials: ExportMaterials,
  { folder, names }: StudentFiles,
  maxTokens: number,
): Promise<Ngrams | undefined> {
  if (!names.includes(ngramFile)) return undefined;
  const own = { ...materials, tasks: materials.tasks.filter(({ task }) => task.ngrams) };
  const weighed = (weightOf: (encoded: EncodedTask) => number): Ngrams => {
    const tasks = own.tasks.map((encoded) => ({ task: encoded.task.name, weight: weightOf(encoded) }));
    return { file: ngramFile, tasks, ...ngramShape };
  };
  const without = await validate(config, own, { folder, maxTokens });
  const together = await validate(config, own, { folder, maxTokens, ngrams: weighed(() => 1) });
  return weighed((encoded) => weightOfSecond(encoded, without, together));
}

/** Logits of the artefact in a folder on the validation sets. */
export async function validate(
  { threads }: Pick<SearchConfig, "threads">,
  { tasks, tokenizer, corpus }: Pick<ExportMaterials, "tasks" | "tokenizer" | "corpus">,
  { folder, maxTokens, ngrams }: Judgeable,
): Promise<SetLogits[]> {
  const known = tasks.map(({ task }) => task);
  const classifier = await openStudentClassifier(folder, known, { tokenizer, ngrams, threads });
  try {
    const names = known.map(({ name }) => name);
    const sets = limitValidation(corpus, judgedRows);
    return await validationLogits(classifier, sets, names, tokenizer, judgedTokens(maxTokens));
  } finally {
    await classifier.release();
  }
}

/** Longest text that a student is judged on. */
export function judgedTokens(maxTokens: number): number {
  return Math.min(maxTokens, 2 * trainingMaxTokens);
}

function judge(
  materials: ExportMaterials,
  results: readonly SetLogits[],
  { maxTokens, kept }: { readonly maxTokens: number; readonly kept: readonly ManifestTask[] },
  log: Log,
) {
  const tasks = materials.tasks.map(({ task, labels }): ManifestTask => {
    const base = {
      name: task.name,
      input: task.input,
      labels: [...labels],
      file: headFile(headOf(task, labels)),
      languages: languagesOf(materials, task.name),
      ...declarationOf(task),
    };
    const { task: described, calibrationError } = calibrated(
      base,
      results,
      kept.find(({ name }) => name === task.name),
    );
    if (calibrationError !== null)
      log(`${task.name} · expected calibration error ${(100 * calibrationError).toFixed(1)} %`);
    return described;
  });
  const scores = scoresOf(results, tasks);
  return { tasks: withReferences(tasks, results, materials.tokenizer, maxTokens), scores };
}

function languagesOf({ corpus }: Pick<Materials, "corpus">, task: string): string[] {
  return [...new Set(must(corpus.train.get(task)).map(({ language }) => language))].sort();
}
