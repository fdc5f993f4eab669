import { expect, test } from "vitest";
import { linearScale, logScale } from "../../../search/report/scale.ts";

test("linearScale() widens to round ticks that it maps onto its ends", () => {
  const scale = linearScale([3.2, 17.9], [100, 0], 5);
  expect(scale.ticks).toEqual([0, 5, 10, 15, 20]);
  expect([scale(0), scale(20)]).toEqual([100, 0]);
});

test("linearScale() copes with values that are all the same", () => {
  expect(linearScale([5, 5], [0, 10]).ticks.length).toBeGreaterThan(1);
  expect(linearScale([0, 0], [0, 10])(0)).toBe(0);
});

test("logScale() gives equal room to equal ratios, and decades where ticks would crowd", () => {
  const scale = logScale([0.1, 10], [0, 100]);
  expect(scale(1) - scale(0.1)).toBeCloseTo(scale(10) - scale(1));
  expect(scale.ticks).toEqual([0.1, 0.2, 0.5, 1, 2, 5, 10]);
  expect(logScale([1e-3, 1e3], [0, 100]).ticks).toEqual([0.001, 0.01, 0.1, 1, 10, 100, 1000]);
});
