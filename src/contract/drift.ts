import { z } from "zod";
import { must } from "../invariant.ts";
import { tokensBuckets } from "./metrics.ts";
import type { Result } from "./prediction.ts";

/**
 * What a task's texts and answers looked like where its student was judged, so that a server can tell how far its own traffic
 * is from it. Both sides count in the categories of this file; a distribution is the count of each category.
 *
 * - `length`: tokens of an input after truncation (of a pair both texts together), in the buckets of `kdnas_input_tokens`.
 * - `language`: what the student's own language head says, right or wrong; of a pair each text counts. Without such a head
 *   there is none.
 * - `score`: how sure which answer was (`scoreScale`).
 * - `unknown`: share of an input's tokens that are unknown pieces.
 */
export const driftFeatures = ["length", "language", "score", "unknown"] as const;
export type DriftFeature = (typeof driftFeatures)[number];

/** Categories that do not occur are left out. */
const Counts = z.record(z.string(), z.int().positive());
export type Counts = Readonly<z.infer<typeof Counts>>;

export const Reference = z.partialRecord(z.enum(driftFeatures), Counts);
export type Reference = Readonly<z.infer<typeof Reference>>;

/**
 * From which drift on traffic is another than the reference: a Jensen-Shannon distance, 0 to 1, about twice what two samples of
 * the same texts reach (docs/operations.md has the measurements).
 */
export const driftThresholds: Readonly<Record<DriftFeature, number>> = {
  length: 0.15,
  language: 0.2,
  score: 0.15,
  unknown: 0.1,
};

/** Drift over fewer inputs is chance. */
export const leastDriftSamples = 500;

export const lengthCategories: readonly string[] = [...tokensBuckets.map(String), "+Inf"];

export function lengthIndex(tokens: number): number {
  return indexBelow(tokensBuckets, tokens);
}

/** Upper bounds of the share of unknown pieces; few texts have any. */
const unknownBounds = [0, 0.02, 0.05, 0.1, 0.25];
export const unknownCategories: readonly string[] = [...unknownBounds.map(String), "1"];

export function unknownIndex(unknown: number, tokens: number): number {
  return indexBelow(unknownBounds, unknown / tokens);
}

/** First bound that is not below the value; their number when all are. */
function indexBelow(bounds: readonly number[], value: number): number {
  let at = 0;
  while (at < bounds.length && value > must(bounds[at])) at++;
  return at;
}

/** Categories of a task's answers, named `<label> <upper bound>`. */
export interface ScoreScale {
  readonly categories: readonly string[];
  indexOf(result: Result): number;
}

/** With more labels than this it only counts how sure the answer was: which it was is as good as the language. */
const mostLabels = 20;
const surenesses = [0.5, 0.7, 0.9, 1];
const tenths = Array.from({ length: 10 }, (_, i) => (i + 1) / 10);

/** Two labels: the last one's probability in tenths. More: the given label, and its probability. Very many: its probability in tenths. */
export function scoreScale({ labels }: { readonly labels: readonly string[] }): ScoreScale {
  const last = must(labels.at(-1));
  if (labels.length === 2) return inTenths(last, ({ scores }) => must(scores[last]));
  if (labels.length > mostLabels) return inTenths("any", ({ score }) => score);
  const firsts = new Map(labels.map((label, i) => [label, i * surenesses.length]));
  return {
    categories: labels.flatMap((label) => surenesses.map((bound) => `${label} ${bound}`)),
    indexOf: ({ label, score }) => must(firsts.get(label)) + Math.min(indexBelow(surenesses, score), 3),
  };
}

/** Rounding can leave a probability a hair above 1. */
function inTenths(name: string, valueIn: (result: Result) => number): ScoreScale {
  return {
    categories: tenths.map((bound) => `${name} ${bound}`),
    indexOf: (result) => Math.min(indexBelow(tenths, valueIn(result)), tenths.length - 1),
  };
}

/** Counts by name of those categories that occur. */
export function toCounts(categories: readonly string[], counts: ArrayLike<number>): Counts {
  const entries = categories.map((name, i) => [name, must(counts[i])] as const);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}
