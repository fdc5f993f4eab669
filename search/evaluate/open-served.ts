import { join } from "node:path";
import { ensembleEntry, membersAmong } from "../../src/contract/ensemble.ts";
import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { readTokenizer } from "../../src/text/read-tokenizer.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import { ensembleClassifier, type Member } from "../heads/ensemble-classifier.ts";
import { openStudentClassifier } from "../heads/open-classifier.ts";
import { openEncoder } from "../heads/open-encoder.ts";
import type { Classifier } from "../heads/predict.ts";
import type { Student } from "./subjects.ts";

/** A student as a server answers with it. */
export interface Served {
  readonly classifier: Classifier;
  readonly tokenizer: Tokenizer;
  /** As they are decided, in the manifest's order. */
  readonly tasks: readonly ManifestTask[];
  /** That answer along with it. */
  readonly members: readonly Student[];
  release(): Promise<void>;
}

/** A student's encoder alone, with all that it reads. */
export function openAsServed({ folder, manifest }: Student, threads: number) {
  const tokenizer = readTokenizer(join(folder, "tokenizer.json"));
  return openEncoder(folder, { tokenizer, ngrams: manifest.ngrams, threads });
}

/**
 * Opens a student, with its ensemble where all members are among the others.
 * @param names of the tasks that are asked; the rest of its heads over pairs stay closed.
 */
export async function openServed(
  student: Student,
  others: readonly Student[],
  names: readonly string[],
  threads: number,
): Promise<Served> {
  const { manifest } = student;
  const members = membersAmong(manifest, others);
  const tokenizer = readTokenizer(join(student.folder, "tokenizer.json"));
  const entries = manifest.tasks.filter(({ name }) => names.includes(name));
  const opened: (Member & { release(): Promise<void> })[] = [];
  for (const one of [student, ...members]) {
    const own = one.manifest.tasks.filter(({ name }) => names.includes(name));
    const classifier = await openStudentClassifier(one.folder, own, {
      tokenizer,
      ngrams: one.manifest.ngrams,
      threads,
    });
    opened.push({ classifier, hidden: one.manifest.architecture.hidden, release: () => classifier.release() });
  }
  const ensemble = members.length > 0 ? manifest.ensemble : undefined;
  return {
    classifier: ensemble ? ensembleClassifier(opened, ensemble.tasks) : must(opened[0]).classifier,
    tokenizer,
    tasks: entries.map((entry) => ensembleEntry({ ensemble }, entry) ?? entry),
    members,
    release: async () => {
      for (const one of opened) await one.release();
    },
  };
}
