import type { Corpus } from "../../search/corpus/assemble.ts";
import type { LabelledExample } from "../../search/corpus/preparation.ts";
import type { FeedbackRecord } from "../../src/contract/feedback.ts";
import { must } from "../../src/invariant.ts";
import { createRandom, shuffle } from "../../src/random.ts";

/** A language that a student has seen no labels of for one task, and what users then say of its texts. */
export interface Shift {
  readonly corpus: Corpus;
  readonly records: readonly FeedbackRecord[];
}

export interface ShiftOptions {
  readonly task: string;
  readonly language: string;
  /** How many of the labelled texts come back as corrections. */
  readonly corrections: number;
  readonly seed: number;
}

/** Takes the task's labelled texts in the language out of the training data. Those of validation sets stay. */
export function createShift(whole: Corpus, { task, language, corrections, seed }: ShiftOptions): Shift {
  const all = must(whole.train.get(task), `examples of ${task}`);
  const kept = all.filter((example) => example.language !== language);
  const pool = all.filter((example) => example.language === language);
  const chosen = shuffle([...pool], createRandom(seed)).slice(0, corrections);
  return {
    corpus: { ...whole, train: new Map(whole.train).set(task, kept) },
    records: toRecords(task, must(whole.labels.get(task)), chosen),
  };
}

function toRecords(task: string, labels: readonly string[], examples: readonly LabelledExample[]): FeedbackRecord[] {
  return examples.map((example, i) => ({
    id: i.toString(16).padStart(24, "0"),
    at: new Date(0).toISOString(),
    task,
    texts: [example.text],
    label: must(labels[labelOf(example, labels)]),
    key: null,
  }));
}

function labelOf({ label }: LabelledExample, labels: readonly string[]): number {
  const index = labels.indexOf(label);
  return index < 0 ? Number(label) : index;
}
