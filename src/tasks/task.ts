import type { ManifestTask } from "../contract/manifest.ts";
import type { Result } from "../contract/prediction.ts";

/** A labelled row of a data set, as `search/corpus` reads it. */
export interface LabelledRow {
  readonly text: string;
  /** The other half, for tasks over pairs: `text` is the source, `pair` the target. */
  readonly pair?: string;
  /** Language of the text (for pairs `source-target`). */
  readonly language: string;
  /** The raw cell of the label column: a class number, a language code or a score. */
  readonly label: string;
  /** The set's own finer label, of its `fine_label` column: a functionality, a category. */
  readonly kind?: string;
}

/** What a row's target depends on: never on its text, so that rows can share one. */
export type Labelling = Pick<LabelledRow, "language" | "label">;

/**
 * All that a task is: its labels, which data feed it, how a cell becomes a training target, by which metric it is
 * judged and what a client is told. No other file asks which task it has before it.
 */
export interface Task {
  readonly name: string;
  /** The `task` value in `datasets.json` whose sets feed it. */
  readonly dataTask: string;
  readonly input: "text" | "pair";
  /** Where the server answers it: `/v1/<route>`. @default its name */
  readonly route?: string;
  /** Fixed labels in the order of the logits; null when they are those found in the training data. */
  readonly labels: readonly string[] | null;
  readonly metric: "macroF1" | "accuracy" | "pearson";
  /** Labels are facts about the text's source: a teacher has nothing to add to them. @default false */
  readonly certain?: true;
  /** Spelling tells it something that words do not: static students also read character n-grams for it. @default false */
  readonly ngrams?: true;
  /**
   * Learned on the finished encoder, which stays as it is: the task changes no other one. The task that it comes along with; its own
   * name where it comes by itself. @default learned together with the others
   */
  readonly beside?: string;
  /** Of a task that is data (`declared.ts`): what a manifest has to say of it. */
  readonly declared?: NonNullable<ManifestTask["declared"]>;
  /** Share of training batches, relative to the other tasks. */
  readonly weight: number;
  /** Name of the label that a cell gives, where that may be a number which counts `labels`. @default the cell */
  toLabel?(cell: string, labels: readonly string[]): string;
  /** Probability of each label for a row; null when the row says nothing about this task (it is then left out). */
  toTarget(row: Labelling, labels: readonly string[], dataSet: string): Float32Array | null;
  /** Value that the metric compares: class index, or score for `pearson`. */
  toTruth(row: Labelling, labels: readonly string[]): number;
  /** The metric's other side, from the calibrated probabilities. */
  toPredicted(probabilities: ArrayLike<number>, task: ManifestTask): number;
  /** What the client reads. `logits` has one entry a label. */
  toResult(logits: ArrayLike<number>, task: ManifestTask): Result;
}
