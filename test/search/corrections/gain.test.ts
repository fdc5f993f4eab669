import { expect, test } from "vitest";
import { chanceOf, gainOf } from "../../../search/corrections/gain.ts";
import { normalShare } from "../../../src/stats.ts";

test("gainOf() counts corrections that a student is more and less right about", () => {
  expect(gainOf([0, 0, 1, 1, 0.4], [1, 0, 0, 1, 0.6])).toEqual({ rightBefore: 0.48, right: 0.52, better: 2, worse: 1 });
});

test("chanceOf() is the upper tail of throws of a coin", () => {
  expect(chanceOf({ better: 5, worse: 0 })).toBeCloseTo(1 / 32, 10);
  expect(chanceOf({ better: 7, worse: 1 })).toBeCloseTo(9 / 256, 10);
  expect(chanceOf({ better: 0, worse: 4 })).toBeCloseTo(1, 10);
  expect(chanceOf({ better: 0, worse: 0 })).toBe(1);
});

test("chanceOf() of thousands is what the normal distribution gives", () => {
  const [better, worse] = [2080, 1920];
  const z = (better - 0.5 - 2000) / Math.sqrt(1000);
  expect(chanceOf({ better, worse })).toBeCloseTo(1 - normalShare(z), 3);
});
