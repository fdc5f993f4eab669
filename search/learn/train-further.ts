import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { servedScores } from "../../src/contract/ensemble.ts";
import { isAdded } from "../../src/contract/graph-files.ts";
import type { Manifest } from "../../src/contract/manifest.ts";
import { withOthers } from "../../src/contract/score-key.ts";
import { ConfigError } from "../../src/errors.ts";
import type { Log } from "../command/command.ts";
import { addNgrams } from "../complete/add-ngrams.ts";
import type { Ensemble } from "../complete/ensemble.ts";
import { type Candidate, type ExportConfig, exportCandidate, type Trained } from "../complete/export-candidate.ts";
import { stageResult } from "../complete/stage-result.ts";
import { taughtTasks } from "../complete/taught-tasks.ts";
import { corpusHash } from "../corpus/corpus-hash.ts";
import { teacherKey } from "../heads/teacher-classifier.ts";
import { fullTrust, type Trust, trustByScores, trustHash } from "../heads/teacher-trust.ts";
import { trainHeads } from "../heads/train-heads.ts";
import { type Materials, studentPositions } from "../prepare.ts";
import { printProgress } from "../progress.ts";
import type { EncodedTask } from "../student/encoded-task.ts";
import { partOfTheWay } from "../student/round-table.ts";
import type { StepPrecision } from "../student/training-graph.ts";
import { type Weights, withSurface } from "../student/weights.ts";
import { allSets } from "./all-sets.ts";
import { decidedElsewhere } from "./decided-elsewhere.ts";
import { finishedWeights } from "./finished-student.ts";
import { dropCopies, trainCopies } from "./train-copies.ts";
import type { LearningMaterials } from "./try-corrections.ts";

export interface FurtherTraining extends ExportConfig {
  /** 0: only n-grams are learned. */
  readonly tokens: number;
  /** N-grams that static students train on; 0: what they read of them stays. */
  readonly ngramTokens: number;
  /** Trainings side by side, of which the mean is taken. */
  readonly copies: number;
  /** How far to go from the weights as they are to those at the end of training; in between is a mean of both. */
  readonly share: number;
  /** Peak learning rate, as a share of that of a new student. @default as `trainHeads` */
  readonly rate?: number;
  readonly precision: StepPrecision;
  /** Whether it was made of another student just now (`reshapedStudent`), so that its parts have to find together. @default false */
  readonly reshaped?: boolean;
  /** Tokens of the texts that a fine-tuned teacher is asked about. */
  readonly softTokens: number;
}

/** With the fine-tuned teachers and the students that are to be asked, or without. */
export interface FurtherMaterials extends LearningMaterials, Pick<Materials, "tuned" | "cacheFolder"> {
  readonly ensemble: Ensemble;
}

/**
 * One more round of task training for a finished student, on the data of today, and a student of the mean of its weights before and
 * after (Wortsman et al. 2022): that keeps what the round forgets, as `trainInRounds` measured. Resumes; the student that was
 * trained is left as it is.
 */
export async function trainFurther(
  config: FurtherTraining,
  materials: FurtherMaterials,
  candidate: Candidate,
  log: Log,
): Promise<Candidate> {
  const { manifest, files } = candidate;
  const { name, architecture } = manifest;
  const trust = trustIn(materials, manifest);
  const tasks = await tasksFor(config, materials, trust, log);
  const folder = join(dirname(files.folder), roundName(config, materials, trust));
  const weights = await trainedWeights(config, materials, tasks, { candidate, folder }, log);
  const { corpus } = materials;
  const taught = { ...materials, corpus: { ...corpus, dataSets: allSets(corpus.dataSets, manifest.dataSets) } };
  const trained = {
    ...{ name, architecture, weights, known: manifest.scores },
    folder: join(folder, `student-${config.share}`),
    unchanged: config.tokens === 0 && hasTasks(manifest, materials) ? files.folder : undefined,
    ...asDecided(config, manifest, corpus, log),
  };
  return await exportCandidate(config, taught, trained, log);
}

/** The mean of a student's weights before and after a round, with n-grams where it is to have other ones. */
async function trainedWeights(
  config: FurtherTraining,
  materials: FurtherMaterials,
  taught: readonly EncodedTask[],
  { candidate, folder }: { readonly candidate: Candidate; readonly folder: string },
  log: Log,
): Promise<Weights> {
  const { name, architecture, version } = candidate.manifest;
  const { tokens, precision, copies, share } = config;
  const { layerNormEpsilon, padId } = materials.teacher;
  const finished = finishedWeights(candidate);
  const start = tokens === 0 ? finished : withSurface(finished, architecture);
  const seed = config.seed + roundOf(version);
  const train = () =>
    trainCopies({ ...config, seed, folder, onProgress: printProgress(`train ${name}`, log) }, (copy) =>
      trainHeads(architecture, start, taught, {
        ...{ ...copy, tokens, precision, layerNormEpsilon, padId },
        positions: studentPositions,
        further: !config.reshaped,
        ...(config.rate !== undefined && { rate: config.rate }),
      }),
    );
  const end = tokens === 0 ? start : await stageResult(join(folder, "heads"), train);
  dropCopies(folder, copies);
  const mean = tokens === 0 ? start : partOfTheWay(start, end, share);
  const whole = { weights: new Map([...start, ...mean]), folder, name };
  return architecture.layers > 0 ? mean : await addNgrams(config, materials, whole, log);
}

/** What is not to be fitted anew: how n-grams are read, and where data lack sets that decisions were fitted on, those, and the n-grams' weights with them. */
function asDecided(
  { ngramTokens, reshaped = false }: FurtherTraining,
  manifest: Manifest,
  corpus: LearningMaterials["corpus"],
  log: Log,
): Pick<Trained, "kept" | "keptNgrams" | "ngramShape"> {
  // Other n-grams, or another student, give other logits.
  if (ngramTokens > 0) return {};
  const kept = reshaped ? [] : decidedElsewhere(manifest, corpus);
  if (kept.length === 0) return { ngramShape: manifest.ngrams };
  const names = kept.map(({ name }) => name).join(", ");
  log(`${manifest.name} · ${names}: thresholds stay, since these data lack sets that they were fitted on`);
  return { kept, keptNgrams: manifest.ngrams };
}

/** A number of its own for each version, or every round under a seed would draw the same rows in the same order. */
function roundOf(version: string): number {
  return Number.parseInt(version.slice(0, 6), 16);
}

/** Whether they are those of the student's encoder, no fewer: its graphs have a head for each. */
function hasTasks({ tasks }: Manifest, { tasks: own }: Pick<Materials, "tasks">): boolean {
  const encoders = tasks.filter((task) => !isAdded(task)).map(({ name }) => name);
  return isDeepStrictEqual(encoders.sort(), own.map(({ task }) => task.name).sort());
}

/** Of all that its end depends on, so that no round is taken for another. */
function roundName(
  { tokens, ngramTokens, seed, rate, precision, copies, softTokens }: FurtherTraining,
  { tuned, ensemble, corpus, tasks }: FurtherMaterials,
  trust: Trust,
): string {
  const parts = [`further-${tokens}-seed${seed}`, `data-${corpusHash(corpus)}`];
  if (rate !== undefined) parts.push(`rate-${rate}`);
  if (ngramTokens > 0) parts.push(`ngrams-${ngramTokens}`);
  if (copies > 1) parts.push(`copies-${copies}`);
  if (precision !== "fp32") parts.push(precision);
  parts.push(...tuned.map((teacher) => `taught-${teacherKey(teacher)}-${softTokens}`));
  if (tuned.length > 0) parts.push("about", trustHash(trust, tasks));
  if (ensemble.length > 0) parts.push("by", ...ensemble.map(({ manifest }) => manifest.version));
  return parts.join("-");
}

/** The labels, and what the ensemble says beside them, and fine-tuned teachers where they are believed. */
function tasksFor(config: FurtherTraining, materials: FurtherMaterials, trust: Trust, log: Log) {
  const { seed, threads, softTokens } = config;
  const teaching = { effort: { softTokens }, seed, threads, ensemble: materials.ensemble };
  return taughtTasks(teaching, materials, log, trust);
}

/** Fine-tuned teachers are believed where they are better than the student, or about as good. @throws {ConfigError} when nobody knows where */
function trustIn({ tuned, ensemble }: FurtherMaterials, manifest: Manifest): Trust {
  if (tuned.length === 0) return fullTrust;
  const { name, scores } = manifest;
  // Of sets that it was not judged on alone (a user's, say), it is known how well it does with its ensemble.
  const all = withOthers(scores, servedScores(manifest));
  const ofSeveral = (task: string) => ensemble.some(({ manifest }) => manifest.tasks.some((own) => own.name === task));
  const trust = trustByScores(all, ofSeveral);
  if (trust === null)
    throw new ConfigError(
      `${name}: its manifest has no scores of a fine-tuned teacher to say where that is better; npm run evaluate -- --data ... --write puts them there`,
    );
  return trust;
}
