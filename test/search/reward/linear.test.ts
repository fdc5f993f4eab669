import { expect, test } from "vitest";
import { solve } from "../../../search/reward/linear.ts";

test("solve() inverts a symmetric positive definite system", () => {
  const matrix = [
    [4, 1, 0],
    [1, 3, -1],
    [0, -1, 2],
  ];
  const x = solve(matrix, [9, 2, 4]);
  const product = matrix.map((row) => row.reduce((sum, value, i) => sum + value * (x[i] as number), 0));
  product.forEach((value, i) => {
    expect(value).toBeCloseTo([9, 2, 4][i] as number, 12);
  });
});

test("solve() refuses a matrix that is not positive definite", () => {
  expect(() =>
    solve(
      [
        [1, 2],
        [2, 1],
      ],
      [1, 1],
    ),
  ).toThrow("positive definite");
});
