import { mean } from "../stats.ts";
import type { Score } from "./manifest.ts";

/**
 * Mean over the data sets of each set's mean over its languages: a set with many languages counts no more than others.
 * @param weightOf a set, by its scores. @default all the same
 */
export function meanScore<Of extends Pick<Score, "dataSet" | "student">>(
  scores: readonly Of[],
  weightOf: (ofSet: readonly Of[]) => number = () => 1,
): number {
  const names = [...new Set(scores.map(({ dataSet }) => dataSet))];
  const sets = names.map((name) => scores.filter(({ dataSet }) => dataSet === name));
  const sum = (of: (ofSet: readonly Of[]) => number) => sets.reduce((total, ofSet) => total + of(ofSet), 0);
  return sum((ofSet) => weightOf(ofSet) * mean(ofSet.map(({ student }) => student))) / sum(weightOf);
}
