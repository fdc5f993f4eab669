import { invariant, must } from "../../src/invariant.ts";

/** Solves `matrix * x = right` for a symmetric positive definite matrix (Cholesky). */
export function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  return substitute(cholesky(matrix), right);
}

/** Inverse of a symmetric positive definite matrix. */
export function invert(matrix: readonly (readonly number[])[]): number[][] {
  const lower = cholesky(matrix);
  return matrix.map((_, i) =>
    substitute(
      lower,
      matrix.map((_, j) => (i === j ? 1 : 0)),
    ),
  );
}

function substitute(lower: readonly (readonly number[])[], right: readonly number[]): number[] {
  const at = (i: number, j: number) => must(must(lower[i])[j]);
  const x = [...right];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) x[i] = must(x[i]) - at(i, j) * must(x[j]);
    x[i] = must(x[i]) / at(i, i);
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = i + 1; j < x.length; j++) x[i] = must(x[i]) - at(j, i) * must(x[j]);
    x[i] = must(x[i]) / at(i, i);
  }
  return x;
}

function cholesky(matrix: readonly (readonly number[])[]): number[][] {
  const lower: number[][] = matrix.map((row) => row.map(() => 0));
  matrix.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      let rest = must(row[j]);
      for (let k = 0; k < j; k++) rest -= must(must(lower[i])[k]) * must(must(lower[j])[k]);
      invariant(i !== j || rest > 0, "the matrix is not positive definite");
      must(lower[i])[j] = i === j ? Math.sqrt(rest) : rest / must(must(lower[j])[j]);
    }
  });
  return lower;
}
