import { expect, test } from "vitest";
import { extrapolate } from "../../../bench/proxy/power-law.ts";
import { kendallTau, ranks } from "../../../bench/proxy/rank-correlation.ts";

test("kendallTau() agrees with scipy.stats.kendalltau, ties included", () => {
  expect(kendallTau([1, 2, 3, 4], [10, 20, 30, 40])).toBe(1);
  expect(kendallTau([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
  expect(kendallTau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])).toBeCloseTo(-0.4714045, 6);
  expect(kendallTau([1, 1], [1, 2])).toBeNaN();
});

test("ranks() lets equal values share their positions", () => {
  expect(ranks([0.3, 0.1, 0.3, 0.9])).toEqual([1.5, 0, 1.5, 3]);
});

test("extrapolate() continues a power law, and a curve that rises stays level", () => {
  const curve = [1, 2, 3, 4].map((i) => ({ tokens: 1000 * i, pooledLoss: 0.3 + 8 * (1000 * i) ** -0.5 }));
  expect(extrapolate(curve, 100_000)).toBeCloseTo(0.3 + 8 * 100_000 ** -0.5, 3);
  const rising = [1, 2, 3].map((i) => ({ tokens: 1000 * i, pooledLoss: 0.4 + 0.1 * i }));
  expect(extrapolate(rising, 1e6)).toBeCloseTo(0.6);
});
