import { join } from "node:path";
import { readManifest } from "../src/contract/manifest.ts";
import { ConfigError } from "../src/errors.ts";
import { must } from "../src/invariant.ts";
import type { Student } from "./evaluate/subjects.ts";
import { fileEntry } from "./export/export-student.ts";
import { openStudentClassifier } from "./heads/open-classifier.ts";
import { type Logits, textLogits } from "./heads/predict.ts";
import type { EncodedTask } from "./student/encoded-task.ts";

/** Finished students whose mean answer another one learns beside the labels (Hinton et al. 2015). */
export type Ensemble = readonly Student[];

/** Texts between two reports of progress. */
const textsAtATime = 4096;

/** The students in these folders. @throws {BadFileError} when one is none. */
export function readEnsemble(folders: readonly string[]): Ensemble {
  return folders.map((folder) => ({ folder, manifest: readManifest(join(folder, "manifest.json")) }));
}

/**
 * Who takes part reads the same token ids and means the same by them as the student that is to learn.
 * @throws {ConfigError} when a tokeniser, or the labels of a task, are others.
 */
export function checkEnsemble(ensemble: Ensemble, tokenizerPath: string, tasks: readonly EncodedTask[]): void {
  const { sha256 } = fileEntry(tokenizerPath);
  for (const { folder, manifest } of ensemble) {
    if (must(manifest.files["tokenizer.json"]).sha256 !== sha256)
      throw new ConfigError(`${folder}: its tokeniser is another than that of the student which is to learn from it`);
    for (const { task, labels } of tasks) {
      const own = manifest.tasks.find(({ name }) => name === task.name);
      if (own !== undefined && JSON.stringify(own.labels) !== JSON.stringify(labels))
        throw new ConfigError(`${folder}: its labels of ${task.name} are ${own.labels}, not ${labels}`);
    }
  }
}

export interface MemberOptions {
  /** Over single texts; those that it does not have are left out. */
  readonly tasks: readonly string[];
  readonly padId: number;
  readonly threads: number;
  readonly onProgress: (doneTexts: number, totalTexts: number) => void;
}

/** Logits of one member by task, in the order of `sequences`. */
export async function memberLogits(
  { folder, manifest }: Student,
  sequences: readonly Int32Array[],
  { tasks, padId, threads, onProgress }: MemberOptions,
): Promise<ReadonlyMap<string, Logits>> {
  const own = manifest.tasks.map(({ name }) => name).filter((name) => tasks.includes(name));
  const classifier = await openStudentClassifier(folder, [], padId, threads);
  const all = new Map(own.map((task) => [task, [] as Float32Array[]]));
  for (let at = 0; at < sequences.length; at += textsAtATime) {
    const part = await textLogits(classifier, sequences.slice(at, at + textsAtATime), own);
    for (const [task, rows] of part) must(all.get(task)).push(...rows);
    onProgress(Math.min(at + textsAtATime, sequences.length), sequences.length);
  }
  await classifier.release();
  return all;
}
