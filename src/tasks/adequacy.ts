import { toScoreResult } from "./scoring.ts";
import type { Labelling, Task } from "./task.ts";

/**
 * Whether a translation says what its source says: probability of `adequate`, trained on human direct assessments.
 *
 * Cells are scores. Most sets have 0..100 (100 a true translation). MLQE-PE has means of per-annotator z-scores, which
 * know nothing of how good the translations of a language pair are on the whole: z = 0 is 39 of 100 for Nepali-English
 * and 86 for English-German. So z moves the logit of the pair's mean assessment: adequacy = sigmoid(logit(mean) + z).
 * That keeps the order within a pair, which Pearson judges, and puts perfect translations of all sets near 1.
 */
export const adequacy: Task = {
  name: "adequacy",
  dataTask: "pairs",
  input: "pair",
  route: "translation/adequacy",
  labels: ["inadequate", "adequate"],
  metric: "pearson",
  weight: 1.5,
  toTarget: (row, _labels, dataSet) => toTarget(row, dataSet),
  toTruth: (row) => (row.label === "" ? Number.NaN : Number(row.label)),
  toPredicted: (probabilities) => probabilities[1] as number,
  toResult: toScoreResult,
};

/** Mean direct assessment (0..1) of each language pair of MLQE-PE's training split, from its `mean_da_0_100` column. */
const zScored: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  mlqe_pe_da: {
    "en-de": 0.86,
    "en-zh": 0.687,
    "et-en": 0.67,
    "ne-en": 0.386,
    "ro-en": 0.689,
    "ru-en": 0.681,
    "si-en": 0.505,
  },
};
const meanOfUnknownPair = 0.65;

/** Critical-error labels are a majority of three annotators, and "no critical error" is less than a true translation. */
const range: Readonly<Record<string, readonly [number, number]>> = { mlqe_ced21: [0.1, 0.9] };

function toTarget(row: Labelling, dataSet: string): Float32Array | null {
  const score = adequacy.toTruth(row, []);
  const means = zScored[dataSet];
  const adequate = means
    ? sigmoid(logit(means[row.language] ?? meanOfUnknownPair) + score)
    : fromPercent(score, range[dataSet] ?? [0, 1]);
  return Number.isFinite(adequate) ? Float32Array.of(1 - adequate, adequate) : null;
}

function fromPercent(score: number, [low, high]: readonly [number, number]): number {
  return score >= 0 && score <= 100 ? low + ((high - low) * score) / 100 : Number.NaN;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function logit(p: number): number {
  return Math.log(p / (1 - p));
}
