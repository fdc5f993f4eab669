import { join } from "node:path";
import { readManifest } from "../../src/contract/manifest.ts";
import { ConfigError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import type { Student } from "../evaluate/subjects.ts";
import { fileEntry } from "../export/export-student.ts";
import { checkLabels } from "../heads/check-labels.ts";
import type { Adviser } from "../heads/kept-logits.ts";
import { openStudentClassifier } from "../heads/open-classifier.ts";
import type { EncodedTask } from "../student/encoded-task.ts";
import { tasksName } from "./tasks-name.ts";

/** Finished students whose mean answer another one learns beside the labels (Hinton et al. 2015). */
export type Ensemble = readonly Student[];

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
    checkLabels(folder, manifest.tasks, tasks);
  }
}

/** A member as somebody who is asked, for those of these tasks that it has: all over single texts, or all over pairs. */
export function memberAdviser(
  { folder, manifest }: Student,
  wanted: readonly string[],
  tokenizer: Tokenizer,
  threads: number,
): Adviser {
  const own = manifest.tasks.filter(({ name }) => wanted.includes(name));
  const tasks = own.map(({ name }) => name);
  return {
    key: tasks.length === 0 ? manifest.version : `${manifest.version}-${tasksName(tasks)}`,
    tasks,
    open: () => openStudentClassifier(folder, own, { tokenizer, ngrams: manifest.ngrams, threads }),
  };
}
