import type { Result } from "../../src/contract/prediction.ts";

/** How far two students are apart on one text. */
export interface Comparison {
  readonly agrees: boolean;
  /** Between the probabilities that both give to the live student's label, 0 to 1. */
  readonly distance: number;
}

export function compare(live: Result, candidate: Result): Comparison {
  return {
    agrees: live.label === candidate.label,
    distance: Math.abs(probability(live, live.label) - probability(candidate, live.label)),
  };
}

/** Of many labels only the likeliest are told; the others have next to none. */
function probability({ scores }: Result, label: string): number {
  return scores[label] ?? 0;
}
