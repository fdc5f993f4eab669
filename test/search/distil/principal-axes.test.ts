import { expect, test } from "vitest";
import { principalAxes, project } from "../../../search/distil/principal-axes.ts";
import { fitScaler } from "../../../search/distil/scaler.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";

const random = createRandom(9);
const [rows, width] = [400, 5];
/** Deviations 5, 4, 3, 2, 1 along the coordinates, then turned in the plane of the first and last. */
const data = new Float32Array(rows * width);
const turn = [Math.cos(0.5), Math.sin(0.5)] as const;
for (let r = 0; r < rows; r++) {
  const x = Array.from({ length: width }, (_, k) => (5 - k) * random.normal() + 1);
  const [a, b] = [must(x[0]), must(x[4])];
  data.set([turn[0] * a - turn[1] * b, must(x[1]), must(x[2]), must(x[3]), turn[1] * a + turn[0] * b], r * width);
}
const matrix = { dims: [rows, width], data };
const even = new Float64Array(rows).fill(1 / rows);

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, i) => sum + x * must(b[i]), 0);

test("principalAxes() finds the direction of most variance first", async () => {
  const { axes } = await principalAxes(matrix, even);
  expect(Math.abs(dot(must(axes[0]), [turn[0], 0, 0, 0, turn[1]]))).toBeGreaterThan(0.98);
  expect(Math.abs(must(must(axes[1])[1]))).toBeGreaterThan(0.95);
});

test("principalAxes() are orthonormal", async () => {
  const { axes } = await principalAxes(matrix, even);
  axes.forEach((a, i) => {
    for (const [j, b] of axes.entries()) expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 6);
  });
});

test("principalAxes() around zero counts the mean in", async () => {
  const far = { dims: [2, 2], data: Float32Array.of(100, 1, 100, -1) };
  const first = async (around: "mean" | "zero") =>
    Array.from(must((await principalAxes(far, [0.5, 0.5], around)).axes[0]), Math.abs);
  expect((await first("mean"))[1]).toBeCloseTo(1);
  expect((await first("zero"))[0]).toBeCloseTo(1);
});

test("principalAxes() does not look at rows that weigh nothing", async () => {
  const weights = even.map((w, r) => (r < 200 ? w : 0));
  const first = { dims: [200, width], data: data.subarray(0, 200 * width) };
  const [weighted, alone] = [await principalAxes(matrix, weights), await principalAxes(first, even.subarray(0, 200))];
  expect(dot(must(weighted.axes[0]), must(alone.axes[0])) ** 2).toBeCloseTo(1, 5);
  expect(weighted.mean[2]).toBeCloseTo(must(alone.mean[2]), 6);
});

test("project() onto all axes loses nothing, and onto the first few little", async () => {
  const axes = await principalAxes(matrix, even);
  const energy = async (count: number) => {
    const { dims, data: projected } = await project(matrix, axes, count);
    expect(dims).toEqual([rows, count]);
    return dot(projected, projected);
  };
  const whole = dot(data, data);
  expect((await energy(width)) / whole).toBeCloseTo(1, 4);
  expect((await energy(4)) / whole).toBeGreaterThan(0.9);
});

test("fitScaler() finds mean and deviation of each dimension over several arrays", () => {
  const { mean, deviation } = fitScaler([Float32Array.of(1, 10, 3, 10), Float32Array.of(5, 10)], 2);
  expect(mean[0]).toBeCloseTo(3);
  expect(deviation[0]).toBeCloseTo(Math.sqrt(8 / 3));
  expect([mean[1], deviation[1]]).toEqual([10, 1]);
});
