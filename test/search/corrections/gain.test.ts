import { expect, test } from "vitest";
import { gainOf } from "../../../search/corrections/gain.ts";

const of = (right: number, logLikelihood: number) => ({ right, logLikelihood });

test("gainOf() takes means over corrections, and the error of what each of them gained", () => {
  const before = [of(0, -2), of(1, -1), of(0, -3), of(1, 0)];
  // Gains of 2, 0, 2 and 0: their standard deviation is the root of 4/3.
  const gain = gainOf(before, [of(1, 0), of(1, -1), of(0, -1), of(1, 0)]);
  expect(gain).toMatchObject({ rightBefore: 0.5, right: 0.75, likelihoodGain: 1 });
  expect(gain.likelihoodError).toBeCloseTo(Math.sqrt(4 / 3) / 2, 10);
});

test("gainOf() refuses answers about other corrections", () => {
  expect(() => gainOf([of(0, -1)], [])).toThrow(/same corrections/);
});
