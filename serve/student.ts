import type { Manifest, ManifestTask } from "../src/contract/manifest.ts";
import { meanScore } from "../src/contract/mean-score.ts";
import { BadFileError } from "../src/errors.ts";
import { taskNamed } from "../src/tasks/index.ts";
import type { Task } from "../src/tasks/task.ts";
import { estimateTokens, type Percentile, predictLatencyMs } from "./latency.ts";

/** A student as the routes see it: what it answers, how well, and how long it should take. */
export interface Student {
  readonly id: string;
  readonly manifest: Manifest;
  readonly maxTokens: number;
  readonly tasks: ReadonlyMap<string, StudentTask>;
}

export interface StudentTask {
  readonly task: Task;
  readonly entry: ManifestTask;
  /** Mean over data sets of the manifest's scores for this task; -Infinity when it has none. */
  readonly accuracy: number;
}

/** @throws {BadFileError} when the manifest has a task that this server does not know, or lists too few files. */
export function createStudent(id: string, manifest: Manifest, maxTokens: number): Student {
  const needed = ["model.onnx", "tokenizer.json", ...manifest.tasks.map((task) => task.file)];
  const missing = needed.find((file) => manifest.files[file] === undefined);
  if (missing !== undefined) throw new BadFileError(`${manifest.name}: its manifest has no sha256 of ${missing}`);
  return {
    id,
    manifest,
    maxTokens: Math.min(maxTokens, manifest.maxTokens),
    tasks: new Map(manifest.tasks.map((entry) => [entry.name, toStudentTask(manifest, entry)])),
  };
}

function toStudentTask(manifest: Manifest, entry: ManifestTask): StudentTask {
  const task = knownTask(manifest, entry);
  const scores = manifest.scores.filter((score) => score.task === entry.name);
  return { task, entry, accuracy: scores.length === 0 ? Number.NEGATIVE_INFINITY : meanScore(scores) };
}

function knownTask(manifest: Manifest, entry: ManifestTask): Task {
  try {
    const task = taskNamed(entry.name);
    if (task.input === entry.input) return task;
  } catch (cause) {
    throw new BadFileError(`${manifest.name}: ${(cause as Error).message}`, { cause });
  }
  throw new BadFileError(`${manifest.name}: ${entry.name} is not a task over a ${entry.input}`);
}

/** Guessed tokens of one item's texts, and the time that the student should take for them. */
export function costOf(student: Student, texts: readonly string[], percentile: Percentile) {
  let tokens = 0;
  let latencyMs = 0;
  for (const text of texts) {
    const length = estimateTokens(text, student.maxTokens);
    tokens += length;
    latencyMs += predictLatencyMs(student.manifest.latency, length, percentile);
  }
  return { tokens, latencyMs };
}
