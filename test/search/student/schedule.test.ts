import { expect, test } from "vitest";
import { learningRateAt } from "../../../search/student/schedule.ts";

const schedule = { peak: 1, warmup: 0.1, floor: 0.05 };

test("learningRateAt() warms up in a line to the peak", () => {
  expect(learningRateAt(schedule, 0.05)).toBeCloseTo(0.5);
  expect(learningRateAt(schedule, 0.1)).toBeCloseTo(1);
});

test("learningRateAt() never stands still, not even at the start", () => {
  expect(learningRateAt(schedule, 0)).toBe(0.02);
});

test("learningRateAt() falls in a line to the floor and stays there", () => {
  expect(learningRateAt(schedule, 0.55)).toBeCloseTo(0.5);
  expect(learningRateAt(schedule, 1)).toBe(0.05);
  expect(learningRateAt(schedule, 1.2)).toBe(0.05);
});

test("learningRateAt() scales with the peak, and has defaults", () => {
  expect(learningRateAt({ peak: 3e-4 }, 0.06)).toBeCloseTo(3e-4, 10);
  expect(learningRateAt({ peak: 3e-4 }, 1)).toBeCloseTo(6e-6, 10);
});
