import { expect, test } from "vitest";
import { reasonToStay } from "../../../search/corrections/gate.ts";
import { type SetChange, setChanges } from "../../../search/corrections/set-changes.ts";
import { createRandom } from "../../../src/random.ts";
import { judgedBoth, type Moved } from "./judged-rows.ts";

const gained = { rightBefore: 0.4, right: 0.6, likelihoodGain: 0.3, likelihoodError: 0.05 };
/** A set on which nothing changes. */
const still = { rows: 200 };

function judge(sets: Readonly<Record<string, Moved>>, gain = gained): string | null {
  const both = Object.entries(sets).map(([name, moved]) => judgedBoth(name, moved, "macroF1"));
  const changes = setChanges(
    both.map(({ before }) => before),
    both.map(({ after }) => after),
  );
  return reasonToStay({ changes, gain });
}

function many(count: number, moved: Moved): Record<string, Moved> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`set${i}`, moved]));
}

test("reasonToStay() lets a small set move by chance", () => {
  expect(judge({ small: { rows: 95, broken: 5, mended: 2 }, ...many(10, still) })).toBeNull();
  // Nor is it the mean that forbids it, where there are no other sets.
  expect(judge({ small: { rows: 95, broken: 5, mended: 2 } })).toBeNull();
});

test("reasonToStay() refuses a real loss on a large set, and of a small one too when it is great", () => {
  expect(judge({ large: { rows: 2000, broken: 130, mended: 60 }, ...many(30, still) })).toMatch(
    /^sentiment on large would lose 3\.\d\d ± 0\.\d\d points, more than 0\.5 and chance$/,
  );
  expect(judge({ small: { rows: 95, broken: 25, mended: 2 }, ...many(30, still) })).toMatch(/^sentiment on small/);
});

test("reasonToStay() refuses many small losses, none of which is more than chance, and no gain pays for them", () => {
  const losses = many(12, { rows: 400, broken: 14, mended: 10 });
  const refusal = /^validation sets would lose (0\.\d|1\.0)\d ± 0\.\d\d points on average, more than 0\.5$/;
  expect(judge(losses)).toMatch(refusal);
  expect(judge({ ...losses, taught: { rows: 400, mended: 90 } })).toMatch(refusal);
  expect(judge(many(12, { rows: 400, broken: 12, mended: 11 }))).toBeNull();
});

test("reasonToStay() asks for more right corrections, and for more than chance makes of their likelihood", () => {
  const none = { ...gained, right: 0.4 };
  expect(judge({ a: still }, none)).toMatch(/40\.0 % right, before 40\.0 %: nothing is gained/);
  expect(judge({ a: still }, { ...none, right: Number.NaN })).toMatch(/nothing is gained/);
  const few = { ...gained, likelihoodError: 0.2 };
  expect(judge({ a: still }, few)).toMatch(/60\.0 % right, before 40\.0 %, which may be chance: .* by 0\.30 ± 0\.20$/);
  expect(judge({ a: still }, { ...gained, likelihoodGain: -0.1 })).toMatch(/may be chance/);
  expect(judge({ a: still }, { ...few, likelihoodError: 0.15 })).toBeNull();
});

test("reasonToStay() refuses a student that cannot be judged", () => {
  const changes = [{ task: "adequacy", dataSet: "a", points: Number.NaN, error: Number.NaN }];
  expect(reasonToStay({ changes, gain: gained })).toBe("adequacy on a cannot be judged any more");
});

/** How often it refuses a student whose sets change by `loss` points in truth, with noise as real sets have it. */
function refusals(loss: (set: number) => number): number {
  const random = createRandom(1);
  const refused = Array.from({ length: 1000 }, () => {
    const changes = Array.from({ length: 35 }, (_, set): SetChange => {
      const error = set % 3 === 0 ? 3 : 0.7;
      return { task: "sentiment", dataSet: String(set), points: error * random.normal() - loss(set), error };
    });
    return reasonToStay({ changes: changes.sort((a, b) => a.points - b.points), gain: gained }) !== null;
  });
  return refused.filter(Boolean).length / refused.length;
}

test("reasonToStay() seldom refuses a student that loses nothing, and mostly one that loses", () => {
  expect(refusals(() => 0)).toBeLessThan(0.1);
  expect(refusals((set) => (set === 1 ? 4 : 0))).toBeGreaterThan(0.8);
  expect(refusals(() => 1)).toBeGreaterThan(0.9);
});
