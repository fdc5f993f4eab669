import { must } from "../../src/invariant.ts";
import { invert } from "./linear.ts";

/** Non-negative least squares with a ridge around shares of 1; knows nothing of what the shares are of. */
export interface ShareOptions {
  /** Spread of a share around 1 before anything is measured. */
  readonly deviation: number;
  /** Relative error of a measurement. */
  readonly noise: number;
}

/**
 * Shares that bring `rows * shares` nearest to `targets`, none negative: coordinates take turns at their own optimum, which for this strictly
 * convex problem ends in the only minimum.
 */
export function fitShares(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  { deviation, noise }: ShareOptions,
): number[] {
  const ridge = (noise / deviation) ** 2;
  const width = must(rows[0]).length;
  const products = gram(rows, width);
  const shares = Array.from({ length: width }, () => 1);
  const sums = shares.map((_, i) => rows.reduce((sum, row, r) => sum + must(row[i]) * must(targets[r]), 0));
  for (let sweep = 0; sweep < 2000; sweep++) {
    let moved = 0;
    for (let i = 0; i < width; i++) {
      const now = must(shares[i]);
      const own = must(must(products[i])[i]);
      const others = dot(must(products[i]), shares) - own * now;
      const next = Math.max(0, (must(sums[i]) - others + ridge) / (own + ridge));
      shares[i] = next;
      moved = Math.max(moved, Math.abs(next - now));
    }
    if (moved < 1e-6) break;
  }
  return shares;
}

/** Covariance of linear weights after seeing `rows`: (rowsᵀ rows / noise² + 1 / deviation²)⁻¹. */
export function posteriorCovariance(rows: readonly (readonly number[])[], { deviation, noise }: ShareOptions) {
  const width = must(rows[0]).length;
  const precision = gram(rows, width).map((row, i) =>
    row.map((value, j) => value / noise ** 2 + (i === j ? deviation ** -2 : 0)),
  );
  return invert(precision);
}

/** rowsᵀ rows */
export function gram(rows: readonly (readonly number[])[], width: number): number[][] {
  const out = Array.from({ length: width }, () => new Array<number>(width).fill(0));
  for (const row of rows) {
    for (let i = 0; i < width; i++) {
      const to = out[i] as number[];
      const left = row[i] as number;
      if (left !== 0) for (let j = 0; j < width; j++) to[j] = (to[j] as number) + left * (row[j] as number);
    }
  }
  return out;
}

export function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** xᵀ matrix x */
export function quadratic(x: readonly number[], matrix: readonly (readonly number[])[]): number {
  return dot(
    x,
    matrix.map((row) => dot(row, x)),
  );
}
