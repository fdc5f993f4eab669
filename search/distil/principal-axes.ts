import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { must } from "../../src/invariant.ts";
import type { Weight } from "../student/weights.ts";

/** Principal component analysis of the rows of a matrix, with a weight for each row. */
export interface PrincipalAxes {
  readonly mean: Float64Array;
  /** Axes as rows [width, width], the one with the most variance first. */
  readonly axes: readonly Float64Array[];
}

/** @param around what the variance is taken around: the mean of the rows, or zero, for axes that are to keep the mean too */
export function principalAxes(
  { dims, data }: Weight,
  rowWeights: ArrayLike<number>,
  around: "mean" | "zero" = "mean",
): PrincipalAxes {
  const width = must(dims[1]);
  const mean = around === "mean" ? weightedMean(data, width, rowWeights) : new Float64Array(width);
  const decomposition = new EigenvalueDecomposition(covariance(data, width, rowWeights, mean), {
    assumeSymmetric: true,
  });
  const order = decomposition.realEigenvalues.map((value, i) => ({ value, i })).sort((a, b) => b.value - a.value);
  const axes = order.map(({ i }) => Float64Array.from(decomposition.eigenvectorMatrix.getColumn(i)));
  return { mean, axes };
}

/** Coordinates of every row on the first `count` axes: [rows, count]. @param centred subtract the mean before */
export function project(rows: Weight, { mean, axes }: PrincipalAxes, count: number, centred: boolean): Weight {
  const [total, width] = [must(rows.dims[0]), must(rows.dims[1])];
  const data = new Float32Array(total * count);
  const row = new Float64Array(width);
  for (let r = 0; r < total; r++) {
    for (let k = 0; k < width; k++) row[k] = (rows.data[r * width + k] as number) - (centred ? (mean[k] as number) : 0);
    for (let c = 0; c < count; c++) data[r * count + c] = dot(row, must(axes[c]));
  }
  return { dims: [total, count], data };
}

function weightedMean(data: Float32Array, width: number, weights: ArrayLike<number>): Float64Array {
  const mean = new Float64Array(width);
  let total = 0;
  for (let r = 0; r < weights.length; r++) {
    const w = weights[r] as number;
    total += w;
    if (w > 0) for (let k = 0; k < width; k++) mean[k] = (mean[k] as number) + w * (data[r * width + k] as number);
  }
  return mean.map((sum) => sum / total);
}

function covariance(data: Float32Array, width: number, weights: ArrayLike<number>, mean: Float64Array): Matrix {
  const sums = Array.from({ length: width }, () => new Float64Array(width));
  const row = new Float64Array(width);
  for (let r = 0; r < weights.length; r++) {
    const w = weights[r] as number;
    if (w <= 0) continue;
    for (let k = 0; k < width; k++) row[k] = (data[r * width + k] as number) - (mean[k] as number);
    for (let i = 0; i < width; i++) addScaled(must(sums[i]), row, w * (row[i] as number));
  }
  return new Matrix(sums);
}

function addScaled(target: Float64Array, source: Float64Array, factor: number): void {
  for (let k = 0; k < target.length; k++) target[k] = (target[k] as number) + factor * (source[k] as number);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number);
  return sum;
}
