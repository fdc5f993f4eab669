import type { Architecture } from "../../src/contract/architecture.ts";
import type { Manifest, ManifestTask, Ngrams, Score } from "../../src/contract/manifest.ts";
import { teacherIn } from "../../src/contract/score-key.ts";
import { must } from "../../src/invariant.ts";
import type { NgramShape } from "../../src/ngrams/ngrams.ts";
import { machine } from "../../src/onnx/machine.ts";
import { declarationOf } from "../../src/tasks/declared.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { withCuts } from "../corpus/cut-validation.ts";
import { judgedRows, limitValidation } from "../corpus/limit-validation.ts";
import { describeStudent, headFile, type StudentFiles, writeGraphs, writeHeads } from "../export/export-student.ts";
import { withReferences } from "../export/reference.ts";
import { fitHeads } from "../heads/fit-heads.ts";
import { openStudentClassifier } from "../heads/open-classifier.ts";
import { openEncoder } from "../heads/open-encoder.ts";
import { calibrated, type SetLogits, scoresOf, validationLogits } from "../heads/score.ts";
import { weightOfSecond } from "../heads/weigh-second.ts";
import { type Materials, studentPositions, trainingMaxTokens } from "../prepare.ts";
import { measureLatency } from "../reward/measure.ts";
import { type EncodedTask, headsOf } from "../student/encoded-task.ts";
import { hasNgramHead, ngramFile, ngramPart, ngramShape } from "../student/ngram-part.ts";
import { parametersOf, type Weights } from "../student/weights.ts";
import type { Teacher } from "../teacher/teacher.ts";
import { timedLengths } from "../timed-lengths.ts";

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
export interface ExportMaterials
  extends Pick<Materials, "corpus" | "tokenizer" | "tokenizerPath" | "tasks" | "beside"> {
  /** How often the data sets of tasks that are learned beside others are drawn. @default as of `fitHeads` */
  readonly besideShare?: (dataSet: string) => number;
  readonly teacher: Pick<Teacher, "layerNormEpsilon">;
}
export type ExportConfig = Pick<SearchConfig, "threads" | "seed" | "id">;

export interface Trained {
  readonly name: string;
  readonly architecture: Architecture;
  readonly weights: Weights;
  readonly folder: string;
  /** Tasks of the student that it was fine-tuned from, where it is to decide as that one did (`calibrated`). @default none */
  readonly kept?: readonly ManifestTask[];
  /** Scores of the student that it was made from: what they say of a teacher holds for the same rows. @default none */
  readonly known?: readonly Score[];
  /** N-grams of that student, as they count in it. @default weighed anew */
  readonly keptNgrams?: Ngrams | undefined;
  /** How n-grams are read that are weighed anew but were trained before. @default as those that are trained now */
  readonly ngramShape?: NgramShape | undefined;
  /** As of `writeGraphs`. */
  readonly unchanged?: string | undefined;
}

/** Writes the int8 artefact, calibrates, scores and times it, and describes it in a manifest. */
export async function exportCandidate(
  config: ExportConfig,
  materials: ExportMaterials,
  trained: Trained,
  log: Log,
): Promise<Exported> {
  const { architecture: a, weights, name, folder, kept = [], known = [] } = trained;
  const graphs = writeGraphs(folder, a, weights, headsOf(materials.tasks), {
    layerNormEpsilon: materials.teacher.layerNormEpsilon,
    tokenizerPath: materials.tokenizerPath,
    unchanged: trained.unchanged,
    ngramsAnew: trained.keptNgrams === undefined,
  });
  const heads = await learnHeads(config, materials, { folder, architecture: a }, log);
  const files = writeHeads(graphs, a, heads, headsOf(materials.beside));
  log(`${name} · calibrating and scoring the int8 artefact`);
  const maxTokens = maxTokensOf(a);
  const ngrams = trained.keptNgrams ?? (await weighNgrams(config, materials, trained, maxTokens));
  const results = await validate(config, materials, { folder, maxTokens, ngrams });
  const { tasks, scores } = judge(materials, results, { maxTokens, kept, known }, log);
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
    scores,
    latency: { ...machine(), threads: 1, lengths: latency },
    parameters: parametersOf(new Map([...weights, ...heads])),
    seed: config.seed,
    dataSets: materials.corpus.dataSets.map((set) => ({ ...set })),
    searchId: config.id,
  });
  return { files, manifest, results };
}

/** Weights of heads that are learned on the artefact in a folder as it is. */
export async function learnHeads(
  { threads, seed }: Pick<ExportConfig, "threads" | "seed">,
  { beside, besideShare, tokenizer }: Pick<ExportMaterials, "beside" | "besideShare" | "tokenizer">,
  { folder, architecture }: Pick<Trained, "folder" | "architecture">,
  log: Log,
): Promise<Weights> {
  if (beside.length === 0) return new Map();
  log(`learning ${beside.map(({ task }) => task.name).join(", ")} on the finished encoder`);
  const classifier = await openStudentClassifier(folder, [], { tokenizer, threads });
  try {
    return await fitHeads(architecture, classifier, beside, { seed, threads, dataSetShare: besideShare });
  } finally {
    await classifier.release();
  }
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
  { folder, weights, ngramShape: shape = ngramShape }: Pick<Trained, "folder" | "weights" | "ngramShape">,
  maxTokens: number,
): Promise<Ngrams | undefined> {
  const part = ngramPart(weights);
  if (part === null) return undefined;
  const tasks = materials.tasks.filter(({ task }) => hasNgramHead(part, task.name));
  const corpus = withCuts(
    materials.corpus,
    tasks.map(({ task }) => task),
  );
  const own = { ...materials, tasks, beside: [], corpus };
  const weighed = (weightOf: (encoded: EncodedTask) => number): Ngrams => ({
    ...shape,
    file: ngramFile,
    tasks: tasks.map((encoded) => ({ task: encoded.task.name, weight: weightOf(encoded) })),
  });
  const without = await validate(config, own, { folder, maxTokens });
  const together = await validate(config, own, { folder, maxTokens, ngrams: weighed(() => 1) });
  return weighed((encoded) => weightOfSecond(encoded, without, together));
}

/** Logits of the artefact in a folder on the validation sets. @param others tasks that it has besides: its language head may decide */
export async function validate(
  { threads }: Pick<SearchConfig, "threads">,
  { tasks, beside, tokenizer, corpus }: Pick<ExportMaterials, "tasks" | "beside" | "tokenizer" | "corpus">,
  { folder, maxTokens, ngrams }: Judgeable,
  others: readonly Pick<ManifestTask, "name" | "input">[] = [],
): Promise<SetLogits[]> {
  const known = [...[...tasks, ...beside].map(({ task }) => task), ...others];
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

interface Judging extends Pick<Trained, "kept" | "known"> {
  readonly maxTokens: number;
  /** Tasks of the student that are not judged here. @default none */
  readonly others?: readonly ManifestTask[];
}

/** The tasks as they are to be decided, and how well that does. */
export function judge(
  materials: Pick<ExportMaterials, "tasks" | "beside" | "corpus" | "tokenizer">,
  results: readonly SetLogits[],
  { maxTokens, kept = [], known = [], others = [] }: Judging,
  log: Log,
): { tasks: ManifestTask[]; scores: Score[] } {
  const tasks = [...materials.tasks, ...materials.beside].map(({ task, labels }): ManifestTask => {
    const base = {
      name: task.name,
      input: task.input,
      labels: [...labels],
      file: headFile(task),
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
  const all = [...tasks, ...others];
  const teacherOf = teacherIn(known);
  const scores = scoresOf(results, all).map((score) => ({ ...score, teacher: teacherOf(score) }));
  const referred = withReferences(all, results, materials.tokenizer, maxTokens);
  return { tasks: referred.slice(0, tasks.length), scores };
}

function languagesOf({ corpus }: Pick<Materials, "corpus">, task: string): string[] {
  return [...new Set(must(corpus.train.get(task)).map(({ language }) => language))].sort();
}
