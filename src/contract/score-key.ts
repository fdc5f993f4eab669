import type { Score } from "./manifest.ts";

/** The same for scores that can be compared: of the same rows, as far as that is known, by the same metric. */
export function scoreKey(score: Pick<Score, "task" | "dataSet" | "language" | "metric" | "rows">): string {
  return [score.task, score.dataSet, score.language, score.metric, score.rows].join("\t");
}

/** Scores, and of others those of rows that they say nothing of. */
export function withOthers(scores: readonly Score[], others: readonly Score[]): Score[] {
  const known = new Set(scores.map(scoreKey));
  return [...scores, ...others.filter((score) => !known.has(scoreKey(score)))];
}

/** What a teacher got of the same rows, as scores of another student or of another day say it; null where they do not. */
export function teacherIn(known: readonly Score[]): (score: Omit<Score, "teacher">) => number | null {
  const told = known.filter(({ teacher }) => teacher !== null);
  const teacher = new Map(told.map((score) => [scoreKey(score), score.teacher]));
  return (score) => teacher.get(scoreKey(score)) ?? null;
}
