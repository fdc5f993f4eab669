import { expect, test } from "vitest";
import {
  bestF1,
  confidenceInterval,
  leastForPrecision,
  operatingPoint,
  thresholdForShare,
  toShown,
} from "../../../serve/thresholds/thresholds.ts";

/** Ten comments: one harmless one among the toxic ones at the top, one toxic one at the bottom. */
const comments = [0.95, 0.85, 0.75, 0.65, 0.55, 0.45, 0.35, 0.25, 0.15, 0.05].map((score, i) => ({
  score,
  toxic: [0, 2, 3, 8].includes(i),
}));

test("operatingPoint() counts what a threshold flags", () => {
  const { flagged, precision, recall, f1 } = operatingPoint(comments, 0.7);
  expect([flagged, precision, recall]).toEqual([0.3, 2 / 3, 0.5]);
  expect(f1).toBeCloseTo(4 / 7);
  expect(operatingPoint(comments, 0.99).precision).toBeNaN();
});

test("bestF1() finds the threshold that separates best", () => {
  const { threshold, precision, recall } = bestF1(comments);
  expect(threshold).toBeGreaterThan(0.55);
  expect(threshold).toBeLessThanOrEqual(0.65);
  expect([precision, recall]).toEqual([0.75, 0.75]);
});

test("leastForPrecision() stays above the wanted precision from there on", () => {
  expect(leastForPrecision(comments, 0.7)?.threshold).toBe(0.86);
  expect(leastForPrecision(comments, 0.5)?.precision).toBeGreaterThanOrEqual(0.5);
  expect(leastForPrecision([{ score: 0.9, toxic: false }], 0.5)).toBeUndefined();
});

test("thresholdForShare() flags that share", () => {
  const scores = comments.map(({ score }) => score);
  const threshold = thresholdForShare(scores, 0.3);
  expect(scores.filter((score) => score >= threshold)).toHaveLength(3);
});

test("toShown() tells a threshold by two digits where that flags about as many, else by four that flag as many", () => {
  const even = Array.from({ length: 1000 }, (_, i) => i / 1000);
  expect(toShown(0.6183, even)).toBe("0.62");
  // Rounded to two digits, the first would flag none of these, and the other one all.
  const high = [0.1, 0.9951, 0.9961, 0.9975];
  expect(toShown(0.99577, high)).toBe("0.9957");
  expect(toShown(0.9949, [0.1, 0.993, 0.996, 0.997])).toBe("0.9949");
});

test("confidenceInterval() of Wilson: 9 of 10, as tables have it", () => {
  const [low, high] = confidenceInterval(0.9, 10);
  expect(low).toBeCloseTo(0.596, 3);
  expect(high).toBeCloseTo(0.982, 3);
});
