import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { accuracy, argmax, macroF1, mean, normalShare, pearson, quantile, softmax, variance } from "../../src/stats.ts";

/** Of scikit-learn, NumPy and SciPy. */
const answers = JSON.parse(readFileSync(new URL("../oracle/stats/answers.json", import.meta.url), "utf8")) as {
  classified: { truth: number[]; predicted: number[]; macroF1: number; accuracy: number }[];
  correlated: { a: number[]; b: number[]; pearson: number }[];
  values: number[];
  mean: number;
  variance: number;
  quantiles: [number, number][];
  softmax: [number[], number, number[]][];
};

test.each(answers.classified)("macroF1() and accuracy() agree with scikit-learn: $truth, $predicted", (own) => {
  expect(macroF1(own.truth, own.predicted)).toBeCloseTo(own.macroF1, 12);
  expect(accuracy(own.truth, own.predicted)).toBeCloseTo(own.accuracy, 12);
});

test("pearson() agrees with SciPy, and is 0 where a side is constant", () => {
  for (const { a, b, pearson: own } of answers.correlated) expect(pearson(a, b)).toBeCloseTo(own, 12);
  expect(pearson([1, 2, 3], [5, 5, 5])).toBe(0);
});

test("mean(), variance() and quantile() agree with NumPy", () => {
  const { values, quantiles } = answers;
  expect(mean(values)).toBeCloseTo(answers.mean, 12);
  expect(variance(values)).toBeCloseTo(answers.variance, 12);
  for (const [q, own] of quantiles) expect(quantile(values, q)).toBeCloseTo(own, 12);
  expect([mean([]), quantile([], 0.5)]).toEqual([Number.NaN, Number.NaN]);
});

test("softmax() agrees with SciPy, also where exponentials overflow", () => {
  for (const [logits, temperature, own] of answers.softmax) {
    const probabilities = [...softmax(logits, temperature)];
    expect(probabilities).toEqual(own.map((p) => expect.closeTo(p, 12)));
    expect(argmax(logits)).toBe(own.indexOf(Math.max(...own)));
  }
});

test("normalShare() agrees with tables of the normal distribution", () => {
  for (const [z, share] of [
    [0, 0.5],
    [1, 0.8413447],
    [-1.96, 0.0249979],
    [3, 0.9986501],
  ] as const)
    expect(normalShare(z)).toBeCloseTo(share, 6);
});
