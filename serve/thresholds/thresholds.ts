import { must } from "../../src/invariant.ts";
import { quantile } from "../../src/stats.ts";

/** Choice of a threshold on toxicity from comments whose truth, or whose former score, is known. */

/** What a threshold does to labelled comments; shares in [0, 1], NaN where nothing is counted. */
export interface OperatingPoint {
  readonly threshold: number;
  /** Share of all comments that is flagged. */
  readonly flagged: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface Labelled {
  readonly score: number;
  readonly toxic: boolean;
}

export function operatingPoint(comments: readonly Labelled[], threshold: number): OperatingPoint {
  let flagged = 0;
  let hits = 0;
  let toxic = 0;
  for (const comment of comments) {
    if (comment.toxic) toxic++;
    if (comment.score < threshold) continue;
    flagged++;
    if (comment.toxic) hits++;
  }
  return {
    threshold,
    flagged: flagged / comments.length,
    precision: hits / flagged,
    recall: hits / toxic,
    f1: (2 * hits) / (flagged + toxic),
  };
}

const hundredths = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);

/** The threshold with the best F1; of equally good ones the lowest. */
export function bestF1(comments: readonly Labelled[]): OperatingPoint {
  const points = hundredths.map((threshold) => operatingPoint(comments, threshold));
  return points.reduce((best, point) => (point.f1 > best.f1 ? point : best), must(points[0]));
}

/** The lowest threshold from which on precision stays at or above the wanted one; undefined when there is none. */
export function leastForPrecision(comments: readonly Labelled[], wanted: number): OperatingPoint | undefined {
  const points = hundredths.map((threshold) => operatingPoint(comments, threshold)).filter((p) => p.flagged > 0);
  const lastBelow = points.findLastIndex(({ precision }) => precision < wanted);
  return points[lastBelow + 1];
}

/** The threshold that flags this share of the comments. */
export function thresholdForShare(scores: readonly number[], share: number): number {
  return quantile(scores, 1 - share);
}

/** By this share of them a threshold of two digits may flag more or fewer. */
const asMany = 0.05;

/** A threshold as it is told: by two digits where these flag about as many, else by four, rounded down: rounded up it may flag none. */
export function toShown(threshold: number, scores: readonly number[]): string {
  const flaggedBy = (least: number) => scores.filter((score) => score >= least).length;
  const [short, flagged] = [threshold.toFixed(2), flaggedBy(threshold)];
  if (Math.abs(flaggedBy(Number(short)) - flagged) <= asMany * flagged) return short;
  return (Math.floor(10_000 * threshold) / 10_000).toFixed(4);
}

/** Interval that holds a share with 95 % confidence (Wilson 1927). @param n comments that the share was counted over. */
export function confidenceInterval(share: number, n: number): readonly [number, number] {
  const z = 1.96;
  const centre = (share + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  return [centre - half, centre + half];
}
