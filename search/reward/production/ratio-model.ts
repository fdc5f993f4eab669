import { dot } from "../latency-shares.ts";
import { solve } from "../linear.ts";

/**
 * Production's measured / predicted latency as a function of an architecture: a Gaussian process (Rasmussen and Williams 2006,
 * chapter 2) over ln(ratio). Before anything is seen a ratio is 1, give or take a machine that is busier or slower; what is seen of
 * one student holds for all to a degree, for those of a like speed to a higher one (overheads weigh more on fast students), and for
 * itself to the highest. A student with few texts is pulled to what the others say.
 */
export interface RatioPoint {
  readonly architecture: string;
  readonly predictedMs: number;
  readonly ratio: number;
  /** Standard error of ln(ratio). */
  readonly noise: number;
}

export interface Ratio {
  readonly ratio: number;
  /** Standard deviation of ln(ratio). */
  readonly uncertainty: number;
}

/** Standard deviations of ln(ratio): of all students together, of those of a like speed, of each by itself. */
const MACHINE = 0.5;
const SPEED = 0.7;
const OWN = 0.15;
/** Width of a neighbourhood, in ln(ms): a student that takes six times as long says 0.6 as much of those of a like speed. */
const NEIGHBOURHOOD = Math.log(6);

type Place = Pick<RatioPoint, "architecture" | "predictedMs">;

export function ratioAt(points: readonly RatioPoint[], place: Place): Ratio {
  const prior = kernel(place, place);
  if (points.length === 0) return { ratio: 1, uncertainty: Math.sqrt(prior) };
  const matrix = points.map((a, i) => points.map((b, j) => kernel(a, b) + (i === j ? a.noise ** 2 : 0)));
  const near = points.map((point) => kernel(point, place));
  const logs = points.map(({ ratio }) => Math.log(ratio));
  const variance = prior - dot(near, solve(matrix, near));
  return { ratio: Math.exp(dot(near, solve(matrix, logs))), uncertainty: Math.sqrt(Math.max(0, variance)) };
}

function kernel(a: Place, b: Place): number {
  const distance = Math.log(a.predictedMs / b.predictedMs) / NEIGHBOURHOOD;
  const own = a.architecture === b.architecture ? OWN ** 2 : 0;
  return MACHINE ** 2 + SPEED ** 2 * Math.exp(-(distance ** 2) / 2) + own;
}
