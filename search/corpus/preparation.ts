import type { Random } from "../../src/random.ts";
import type { LabelledRow, Task } from "../../src/tasks/task.ts";
import type { Limits } from "./limits.ts";
import type { Row } from "./read-rows.ts";

/** A training row; `weight` scales its loss, `dataSet` goes into the task's `toTarget()`. */
export interface LabelledExample extends LabelledRow {
  readonly dataSet: string;
  readonly weight: number;
}

/** What examples of one task can be made of; no text in it is held out. */
export interface Material {
  readonly task: Task;
  /** What the labels of its training rows are, where the task does not know them beforehand. */
  readonly labels: readonly string[];
  /** Labelled training rows with their weights. */
  readonly examples: readonly LabelledExample[];
  /** Words and phrases rather than sentences. */
  readonly lexicon: readonly Row[];
  /** Unlabelled texts by language, in random order. */
  readonly pool: ReadonlyMap<string, readonly Row[]>;
  /** Languages of the task's validation rows. */
  readonly validationLanguages: ReadonlySet<string>;
  readonly limits: Limits;
  readonly random: Random;
}

export interface Prepared {
  readonly labels: readonly string[];
  readonly examples: readonly LabelledExample[];
}

/** Turns the rows of the sets into a task's training examples, in any order. */
export type Preparation = (material: Material) => Prepared;

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
