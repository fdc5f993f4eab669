import type { Architecture } from "../../src/contract/architecture.ts";
import { dot, gram, posteriorCovariance, quadratic } from "./latency-shares.ts";
import { solve } from "./linear.ts";

/**
 * What a sum of costs misses: kernels are faster at some widths and lengths than at others, caches overflow. A ridge regression of
 * ln(measured / summed) on architecture and length and their products, kept small by its ridge. Beyond the lengths and sizes
 * that were measured it stays what it is at their edge, since squares would run away there.
 */
export interface Correction {
  readonly weights: readonly number[];
  readonly covariance: readonly (readonly number[])[];
  /** Least and greatest of each measured dimension. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** Spread of a weight before anything is measured, and of a measurement, both of ln(ms). */
const spread = { deviation: 0.03, noise: 0.1 };

export interface Miss {
  readonly architecture: Architecture;
  readonly tokens: number;
  /** ln(measured / summed costs) */
  readonly log: number;
  /** Square root of what it counts. */
  readonly weight: number;
}

/** Null without measurements. */
export function fitCorrection(misses: readonly Miss[]): Correction | null {
  if (misses.length === 0) return null;
  const points = misses.map(({ architecture, tokens }) => dimensions(architecture, tokens));
  const edge = (of: (...values: number[]) => number) =>
    (points[0] as number[]).map((_, i) => points.reduce((edge, point) => of(edge, point[i] as number), of()));
  const rows = points.map((point, r) => features(point).map((value) => value * (misses[r] as Miss).weight));
  const width = (rows[0] as number[]).length;
  const ridge = (spread.noise / spread.deviation) ** 2;
  const normal = gram(rows, width).map((row, i) => row.map((value, j) => (i === j ? value + ridge : value)));
  const right = Array.from({ length: width }, (_, i) =>
    rows.reduce((sum, row, r) => sum + (row[i] as number) * (misses[r] as Miss).log * (misses[r] as Miss).weight, 0),
  );
  return {
    weights: solve(normal, right),
    covariance: posteriorCovariance(rows, spread),
    low: edge(Math.min),
    high: edge(Math.max),
  };
}

/** ln of the factor, and its variance. */
export function correct(correction: Correction | null, architecture: Architecture, tokens: number) {
  if (correction === null) return { log: 0, variance: 0 };
  const { weights, covariance, low, high } = correction;
  const inside = dimensions(architecture, tokens).map((value, i) =>
    Math.min(Math.max(value, low[i] as number), high[i] as number),
  );
  const x = features(inside);
  return { log: dot(x, weights), variance: Math.max(0, quadratic(x, covariance)) };
}

/** Each about -1 to 1 over the space, so that one ridge fits all. */
function dimensions(a: Architecture, tokens: number): number[] {
  const isDeep = a.layers > 0;
  return [
    Math.log2(tokens) / 2 - 2.5,
    a.layers / 3 - 0.7,
    isDeep ? -0.7 : 1.3,
    Math.log2(a.hidden / 64) - 0.7,
    (isDeep ? a.ffn / a.hidden / 2 : 0) - 0.7,
    (isDeep ? a.hidden / a.heads / 32 : 0) - 0.7,
    isDeep && a.activation === "gelu" ? 0.3 : -0.7,
    Math.log2(a.tableWidth / 64) / 2 - 0.7,
  ];
}

function features(point: readonly number[]): number[] {
  const products = point.flatMap((value, i) => point.slice(i).map((other) => value * other));
  return [1, ...point, ...products];
}
