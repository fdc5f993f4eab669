import type { Score } from "../../src/contract/manifest.ts";
import { meanScore } from "../../src/contract/mean-score.ts";
import { withoutSuites } from "../corpus/known-sets.ts";

/**
 * Mean of a task's scores that something is chosen by: over data sets, each by the root of its rows, since of a few rows a score is
 * mostly chance. Suites count only where there is nothing else.
 */
export function meanByRows(scores: readonly Omit<Score, "teacher">[]): number {
  const sampled = withoutSuites(scores, ({ dataSet }) => dataSet);
  return meanScore(sampled, (ofSet) => Math.sqrt(ofSet.reduce((sum, { rows }) => sum + rows, 0)));
}
