import type { Score } from "../../src/contract/manifest.ts";
import { meanScore } from "../../src/contract/mean-score.ts";
import { must } from "../../src/invariant.ts";

/** Points that a validation set may lose. */
const mostLost = 0.5;

type Judged = Pick<Score, "task" | "dataSet" | "language" | "student">;

export interface Comparison {
  /** Of the student as it was, and of the fine-tuned one: on the validation sets, and how many held-out corrections it gets right. */
  readonly before: { readonly scores: readonly Judged[]; readonly right: number };
  readonly after: { readonly scores: readonly Judged[]; readonly right: number };
}

export interface SetChange {
  readonly task: string;
  readonly dataSet: string;
  /** Points, 100 times the score; a mean over the set's languages. */
  readonly points: number;
}

/** How much every validation set gained, the worst first. */
export function setChanges({ before, after }: Comparison): SetChange[] {
  const sets = new Map(before.scores.map(({ task, dataSet }) => [JSON.stringify([task, dataSet]), { task, dataSet }]));
  const changes = [...sets.values()].map(({ task, dataSet }) => {
    const of = ({ scores }: Comparison["before"]) =>
      meanScore(scores.filter((score) => score.task === task && score.dataSet === dataSet));
    return { task, dataSet, points: 100 * (of(after) - of(before)) };
  });
  return changes.sort((a, b) => a.points - b.points);
}

/** Why the fine-tuned student must not take the place of the one that was; null when it may. */
export function reasonToStay(comparison: Comparison): string | null {
  const changes = setChanges(comparison);
  const unjudged = changes.find(({ points }) => Number.isNaN(points));
  if (unjudged !== undefined) return `${unjudged.task} on ${unjudged.dataSet} cannot be judged any more`;
  const [worst] = changes;
  if (worst !== undefined && worst.points < -mostLost)
    return `${worst.task} on ${worst.dataSet} would lose ${(-worst.points).toFixed(2)} points, more than ${mostLost}`;
  const { before, after } = comparison;
  if (after.right > before.right) return null;
  return `of the held-out corrections it gets ${percent(after.right)} right, before ${percent(before.right)}: nothing is gained`;
}

export function percent(share: number): string {
  return `${(100 * must(share)).toFixed(1)} %`;
}
