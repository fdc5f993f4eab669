import { ensembleEntry, membersAmong, servedLatency, servedScores } from "../../src/contract/ensemble.ts";
import { encoderFile } from "../../src/contract/graph-files.ts";
import type { Manifest, ManifestTask } from "../../src/contract/manifest.ts";
import { meanScore } from "../../src/contract/mean-score.ts";
import { type Percentile, predictLatencyMs } from "../../src/contract/predict-latency.ts";
import { must } from "../../src/invariant.ts";
import { languageCodes } from "../../src/tasks/in-language.ts";
import { taskOf } from "../../src/tasks/index.ts";
import type { Task } from "../../src/tasks/task.ts";
import { estimateTokens } from "./latency.ts";
import { BadStudentError, blame } from "./load-failure.ts";

/** A student as the routes see it: what it answers, how well, and how long it should take. */
export interface Student {
  readonly id: string;
  /** Without its ensemble where the student answers alone. */
  readonly manifest: Manifest;
  readonly maxTokens: number;
  readonly tasks: ReadonlyMap<string, StudentTask>;
  /** Codes in the order of its language head; none where it has no such head. */
  readonly codes: readonly string[];
  /** Whether it stands beside a live student of its name, and is offered to nobody. @default false */
  readonly candidate?: boolean;
  /** Ids of the live students that answer along with it; none where it answers alone. @default whoever its thread has, as for candidates */
  readonly members?: readonly string[];
}

export interface StudentTask {
  readonly task: Task;
  /** As it is decided now: together, where the student has an ensemble for it and its members are there. */
  readonly entry: ManifestTask;
  /** For an answer that the ensemble, or the student alone, gave while members came or went. */
  readonly entryTogether: ManifestTask;
  readonly entryAlone: ManifestTask;
  /** Mean over data sets of the scores for this task, as served; -Infinity when it has none. */
  readonly accuracy: number;
}

/** @throws {BadStudentError} when the manifest has a task or labels that this server does not know, or lists too few files. */
export function createStudent(id: string, manifest: Manifest, maxTokens: number, candidate = false): Student {
  const files = [encoderFile, "tokenizer.json", ...manifest.tasks.map((task) => task.file)];
  const needed = manifest.ngrams ? [...files, manifest.ngrams.file] : files;
  const missing = needed.find((file) => manifest.files[file] === undefined);
  if (missing !== undefined) throw badManifest(manifest, `no sha256 of ${missing}`);
  return {
    id,
    manifest,
    maxTokens: Math.min(maxTokens, manifest.maxTokens),
    tasks: new Map(manifest.tasks.map((entry) => [entry.name, toStudentTask(manifest, entry)])),
    codes: languageCodes(manifest.tasks),
    candidate,
  };
}

/** As it is served beside others: it answers alone unless all members of its ensemble are among them, and then is as accurate and as fast as that. */
export function servedAmong(student: Student, others: readonly Student[]): Student {
  const { ensemble, ...alone } = student.manifest;
  if (ensemble === undefined) return student;
  const members = membersAmong(student.manifest, others).map(({ id }) => id);
  if (members.length > 0) return { ...student, members };
  const tasks = [...student.tasks].map(([name, task]) => {
    const accuracy = accuracyOf(alone, name);
    return [name, { ...task, entry: task.entryAlone, accuracy }] as const;
  });
  return { ...student, manifest: alone, tasks: new Map(tasks), members };
}

function toStudentTask(manifest: Manifest, entryAlone: ManifestTask): StudentTask {
  const entry = ensembleEntry(manifest, entryAlone) ?? entryAlone;
  const task = blame("manifest", () => taskOf(entry));
  if (task.input !== entry.input) throw badManifest(manifest, `${entry.name} is not a task over a ${entry.input}`);
  if (task.labels !== null && task.labels.join("\n") !== entry.labels.join("\n"))
    throw badManifest(manifest, `the labels of ${entry.name} are ${task.labels.join(", ")}, in this order`, "labels");
  return { task, entry, entryTogether: entry, entryAlone, accuracy: accuracyOf(manifest, entry.name) };
}

function accuracyOf(manifest: Manifest, task: string): number {
  const scores = servedScores(manifest).filter((score) => score.task === task);
  return scores.length === 0 ? Number.NEGATIVE_INFINITY : meanScore(scores);
}

function badManifest({ name }: Manifest, fault: string, reason: "manifest" | "labels" = "manifest"): BadStudentError {
  return new BadStudentError(`the manifest of ${name}: ${fault}`, { reason });
}

/** Time that it takes for long texts, which tells the faster of two students. */
export function slownessOf({ manifest }: Student): number {
  return must(servedLatency(manifest).lengths.at(-1)).p50Ms;
}

/** Guessed tokens of one item's texts, and the time that the student should take for them. */
export function costOf(student: Student, texts: readonly string[], percentile: Percentile) {
  let tokens = 0;
  let latencyMs = 0;
  for (const text of texts) {
    const length = estimateTokens(text, student.maxTokens);
    tokens += length;
    latencyMs += predictLatencyMs(servedLatency(student.manifest), length, percentile);
  }
  return { tokens, latencyMs };
}
