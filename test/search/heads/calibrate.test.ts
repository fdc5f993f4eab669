import { expect, test } from "vitest";
import {
  expectedCalibrationError,
  fitLanguageThresholds,
  fitTemperature,
  fitThreshold,
} from "../../../search/heads/calibrate.ts";
import { createRandom } from "../../../src/random.ts";
import { softmax } from "../../../src/stats.ts";

const random = createRandom(4);

/** Logits whose softmax at `temperature` is the probability with which the labels were drawn. */
function drawn(rows: number, temperature: number) {
  const logits = Array.from({ length: rows }, () => Float32Array.from({ length: 3 }, () => 3 * random.normal()));
  const truth = logits.map((row) => {
    let left = random.next();
    return softmax(row, temperature).findIndex((p) => {
      left -= p;
      return left < 0;
    });
  });
  const targets = truth.map((label) => Float32Array.from({ length: 3 }, (_, i) => (i === label ? 1 : 0)));
  return { logits, truth, targets };
}

test.each([0.5, 1, 2.5])("fitTemperature() finds the temperature %s that labels were drawn at", (temperature) => {
  const { logits, targets } = drawn(3000, temperature);
  expect(Math.abs(fitTemperature(logits, targets) / temperature - 1)).toBeLessThan(0.12);
});

test("fitTemperature() takes soft targets", () => {
  const { logits } = drawn(500, 1);
  const targets = logits.map((row) => Float32Array.from(softmax(row, 1.7)));
  expect(fitTemperature(logits, targets)).toBeCloseTo(1.7, 2);
});

test("fitTemperature() stays within 1/4 and 4 where all is right or all is wrong", () => {
  const logits = [Float32Array.of(2, -2), Float32Array.of(-2, 2)];
  const right = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
  expect(fitTemperature(logits, right)).toBeCloseTo(0.25, 2);
  expect(fitTemperature(logits, right.toReversed())).toBeCloseTo(4, 2);
});

test("expectedCalibrationError() is small at the right temperature and large at another", () => {
  const { logits, truth } = drawn(4000, 1);
  expect(expectedCalibrationError(logits, truth, 1)).toBeLessThan(0.03);
  expect(expectedCalibrationError(logits, truth, 0.3)).toBeGreaterThan(0.1);
});

test("expectedCalibrationError() of certain answers is the share of wrong ones", () => {
  const logits = Array.from({ length: 4 }, () => Float32Array.of(50, 0));
  expect(expectedCalibrationError(logits, [0, 0, 0, 1], 1)).toBeCloseTo(0.25);
});

test("fitThreshold() finds where the classes part", () => {
  const probabilities = Array.from({ length: 100 }, (_, i) => i / 100);
  const truth = probabilities.map((p) => (p >= 0.3 ? 1 : 0));
  expect(fitThreshold([{ probabilities, truth }])).toBeCloseTo(0.3);
});

test("fitThreshold() finds what parts classes far below one half", () => {
  const bound = 0.06;
  const probabilities = Array.from({ length: 100 }, (_, i) => i / 100);
  expect(fitThreshold([{ probabilities, truth: probabilities.map((p) => Number(p >= bound)) }])).toBeCloseTo(bound);
});

test("fitThreshold() of equally good ones is the nearest to one half", () => {
  expect(fitThreshold([{ probabilities: [0.1, 0.9], truth: [0, 1] }])).toBe(0.5);
  expect(fitThreshold([{ probabilities: [0.55, 0.9], truth: [0, 1] }])).toBe(0.56);
});

test("fitThreshold() gives every group the same say", () => {
  const large = { probabilities: Array(1000).fill(0.4), truth: Array(1000).fill(0) };
  const [a, b] = [
    { probabilities: [0.3, 0.4], truth: [0, 1] },
    { probabilities: [0.3, 0.4], truth: [0, 1] },
  ];
  expect(fitThreshold([large, a, b])).toBeLessThanOrEqual(0.4);
});

test("fitThreshold() without groups is one half", () => {
  expect(fitThreshold([])).toBe(0.5);
});

/** Rows that are toxic from a probability on. */
function groupFrom(bound: number, rows: number) {
  const probabilities = Array.from({ length: rows }, (_, i) => (i + 0.5) / rows);
  return { probabilities, truth: probabilities.map((p) => Number(p >= bound)) };
}

test("fitLanguageThresholds() gives a language its own threshold where its rows ask for one", () => {
  const groups = new Map([
    ["vi", [groupFrom(0.7, 400)]],
    ["en", [groupFrom(0.5, 400)]],
    ["bn", [groupFrom(0.3, 200), groupFrom(0.3, 200)]],
  ]);
  const fitted = fitLanguageThresholds(groups, 0.5);
  expect(Object.keys(fitted)).toEqual(["bn", "vi"]);
  expect(Math.abs((fitted.vi ?? 0) - 0.7)).toBeLessThan(0.02);
  expect(Math.abs((fitted.bn ?? 0) - 0.3)).toBeLessThan(0.02);
});

test("fitLanguageThresholds() gives a set of many rows more say than one of few", () => {
  const fitted = fitLanguageThresholds(new Map([["vi", [groupFrom(0.7, 1000), groupFrom(0.3, 40)]]]), 0.5);
  expect(fitted.vi).toBeGreaterThan(0.6);
});

test("fitLanguageThresholds() does not believe few rows, nor goes far for little", () => {
  expect(fitLanguageThresholds(new Map([["ja", [groupFrom(0.7, 59)]]]), 0.5)).toEqual({});
  expect(fitLanguageThresholds(new Map([["ja", [groupFrom(0.7, 60)]]]), 0.5)).not.toEqual({});
  // One row of sixty lies far on the wrong side, which is worth less than a threshold that far from that of all.
  const sixty = {
    probabilities: [...Array<number>(30).fill(0.3), 0.7, ...Array<number>(29).fill(0.9)],
    truth: [...Array<number>(31).fill(0), ...Array<number>(29).fill(1)],
  };
  expect(fitLanguageThresholds(new Map([["ja", [sixty]]]), 0.5)).toEqual({});
});
