import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { must } from "../../src/invariant.ts";
import { matrixProduct } from "../graph/matrix-product.ts";
import type { Weight } from "../student/weights.ts";

/** Principal component analysis of the rows of a matrix, with a weight for each row. */
export interface PrincipalAxes {
  readonly mean: Float64Array;
  /** Axes as rows [width, width], the one with the most variance first. */
  readonly axes: readonly Float64Array[];
}

const threads = 2;

/** @param around variance about the mean, or second moments about zero, in which the mean counts */
export async function principalAxes(
  rows: Weight,
  rowWeights: ArrayLike<number>,
  around: "mean" | "zero" = "mean",
): Promise<PrincipalAxes> {
  const width = must(rows.dims[1]);
  const mean = around === "mean" ? weightedMean(rows.data, width, rowWeights) : new Float64Array(width);
  const scaled = { dims: rows.dims, data: rows.data.slice() };
  for (let i = 0; i < scaled.data.length; i++) {
    const weight = Math.sqrt(rowWeights[Math.floor(i / width)] as number);
    scaled.data[i] = weight * ((scaled.data[i] as number) - (mean[i % width] as number));
  }
  const { data } = await matrixProduct(scaled, scaled, { transposeA: true, threads });
  const covariance = Matrix.from1DArray(width, width, data);
  const decomposition = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
  const order = decomposition.realEigenvalues.map((value, i) => ({ value, i })).sort((a, b) => b.value - a.value);
  const axes = order.map(({ i }) => Float64Array.from(decomposition.eigenvectorMatrix.getColumn(i)));
  return { mean, axes };
}

/** Coordinates of every row on the first `count` axes: [rows, count]. The mean is not taken off. */
export function project(rows: Weight, { axes }: PrincipalAxes, count: number): Promise<Weight> {
  const width = must(rows.dims[1]);
  const data = new Float32Array(width * count);
  for (let c = 0; c < count; c++) for (let k = 0; k < width; k++) data[k * count + c] = must(must(axes[c])[k]);
  return matrixProduct(rows, { dims: [width, count], data }, { transposeA: false, threads });
}

function weightedMean(data: Float32Array, width: number, weights: ArrayLike<number>): Float64Array {
  const mean = new Float64Array(width);
  let total = 0;
  for (let r = 0; r < weights.length; r++) {
    const w = weights[r] as number;
    total += w;
    for (let k = 0; k < width; k++) mean[k] = (mean[k] as number) + w * (data[r * width + k] as number);
  }
  return mean.map((sum) => sum / total);
}
