import type { Task } from "../../src/tasks/task.ts";
import type { Corpus, ValidationSet } from "./assemble.ts";
import { firstWords } from "./fragment.ts";

/** Words of the texts that stand for all that are short. */
const shortWords = 3;

/** A validation set with its texts cut to their first words. */
export function cutSet(set: ValidationSet, words: number): ValidationSet {
  return { ...set, rows: set.rows.map((row) => ({ ...row, text: firstWords(row.text, words) })) };
}

/**
 * A corpus with those validation sets once more, cut, whose labels hold for any part of a text: fitted on whole texts alone, whoever is good at
 * long ones would count most, and what is asked about is often short.
 */
export function withCuts<C extends Pick<Corpus, "validation">>(
  corpus: C,
  tasks: readonly Pick<Task, "name" | "certain">[],
): C {
  const certain = new Set(tasks.filter((task) => task.certain).map(({ name }) => name));
  const cut = corpus.validation
    .filter(({ task }) => certain.has(task))
    .map((set) => cutSet({ ...set, dataSet: `${set.dataSet}, ${shortWords} words` }, shortWords));
  return { ...corpus, validation: [...corpus.validation, ...cut] };
}
