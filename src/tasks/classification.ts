import type { ManifestTask } from "../contract/manifest.ts";
import type { Result } from "../contract/prediction.ts";
import { invariant } from "../invariant.ts";
import { argmax, softmax } from "../stats.ts";

/** What tasks with labels have in common: one-hot targets, the decision between labels and the reply. */

/** Probability 1 on the label at `index`, 0 elsewhere; null when the index is none of the labels'. */
export function oneHot(index: number, size: number): Float32Array | null {
  if (!Number.isInteger(index) || index < 0 || index >= size) return null;
  const target = new Float32Array(size);
  target[index] = 1;
  return target;
}

/** Class number of a cell such as `"2"`; NaN when the cell is empty or no whole number. */
export function classNumber(cell: string): number {
  return /^\d+$/.test(cell) ? Number(cell) : Number.NaN;
}

/** The label that is given: the likeliest, or of two labels the last one from the task's threshold on. */
export function decide(probabilities: ArrayLike<number>, task: ManifestTask): number {
  if (probabilities.length !== 2 || task.threshold === undefined) return argmax(probabilities);
  return (probabilities[1] as number) >= task.threshold ? 1 : 0;
}

/** Calibrated probabilities of a task's labels. */
export function toProbabilities(logits: ArrayLike<number>, task: ManifestTask): Float64Array {
  invariant(logits.length === task.labels.length, `${logits.length} logits for ${task.labels.length} labels`);
  return softmax(logits, task.temperature);
}

/**
 * The reply of a task with labels; where there are more labels than `shown`, `scores` holds the likeliest, in no order to rely on (whole
 * numbers come first in an object).
 */
export function toLabelResult(logits: ArrayLike<number>, task: ManifestTask, shown = task.labels.length): Result {
  const probabilities = toProbabilities(logits, task);
  const given = decide(probabilities, task);
  const order = Array.from(probabilities.keys());
  if (shown < order.length) order.sort((a, b) => (probabilities[b] as number) - (probabilities[a] as number));
  return {
    label: labelAt(task, given),
    score: probabilities[given] as number,
    scores: Object.fromEntries(order.slice(0, shown).map((i) => [labelAt(task, i), probabilities[i] as number])),
  };
}

function labelAt(task: ManifestTask, index: number): string {
  return task.labels[index] as string;
}
