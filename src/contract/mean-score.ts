import { mean } from "../stats.ts";
import type { Score } from "./manifest.ts";

/** Mean over the data sets of each set's mean over its languages: a set with many languages counts no more than others. */
export function meanScore(scores: readonly Pick<Score, "dataSet" | "language" | "student">[]): number {
  const sets = [...new Set(scores.map(({ dataSet }) => dataSet))];
  return mean(sets.map((set) => mean(scores.filter(({ dataSet }) => dataSet === set).map(({ student }) => student))));
}
