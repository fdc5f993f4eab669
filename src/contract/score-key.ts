import type { Score } from "./manifest.ts";

/** The same for scores that can be compared: of the same rows, as far as that is known, by the same metric. */
export function scoreKey(score: Pick<Score, "task" | "dataSet" | "language" | "metric" | "rows">): string {
  return [score.task, score.dataSet, score.language, score.metric, score.rows].join("\t");
}
