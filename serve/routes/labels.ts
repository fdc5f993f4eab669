import type { Result } from "../../src/contract/prediction.ts";

/** How Hugging Face's servers tell a classification. */
export interface LabelScore {
  readonly score: number;
  readonly label: string;
}

/**
 * Labels with their probabilities, best first. Raw scores are the logarithms of the probabilities: the logits after
 * calibration, up to a constant that no softmax sees.
 */
export function toLabelScores({ scores }: Result, raw: boolean): LabelScore[] {
  return Object.entries(scores)
    .sort(([, a], [, b]) => b - a)
    .map(([label, score]) => ({ score: raw ? Math.log(Math.max(score, Number.MIN_VALUE)) : score, label }));
}
