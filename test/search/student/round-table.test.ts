import { expect, test } from "vitest";
import { quantizeBlocks, restoreBlocks } from "../../../search/student/quantize.ts";
import { partOfTheWay, roundTable } from "../../../search/student/round-table.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";

const dims = [40, 64];
const random = createRandom(3);
const numbers = (scale: number) => Float32Array.from({ length: 40 * 64 }, () => scale * random.normal());
/** As it is read from a student's graph. */
const served = restoreBlocks(dims, quantizeBlocks({ dims, data: numbers(1) }));
/** A twentieth of a step or so; the first row was not trained. */
const learned = numbers(0.02).map((x, i) => (i < 64 ? 0 : x));
const trained = { dims, data: served.data.map((x, i) => x + must(learned[i])) };

/** How far a table has come in the direction in which training went, 1: as far. */
function progress({ data }: { readonly data: Float32Array }): number {
  const dot = (a: Float32Array) => a.reduce((sum, x, i) => sum + x * must(learned[i]), 0);
  return dot(data.map((x, i) => x - must(served.data[i]))) / dot(learned);
}

test("roundTable() keeps what a table of 4-bit numbers has learned, which the nearest ones lose", () => {
  const nearest = restoreBlocks(dims, quantizeBlocks(trained));
  expect(progress(nearest)).toBeLessThan(0.3);
  const rounded = roundTable(served, trained);
  expect(progress(rounded)).toBeGreaterThan(0.8);
  expect(progress(rounded)).toBeLessThan(1.1);
  expect(rounded.data.slice(0, 64)).toEqual(served.data.slice(0, 64));
});

test("roundTable() gives 4-bit numbers, which are stored as they are", () => {
  const rounded = roundTable(served, trained);
  const stored = restoreBlocks(dims, quantizeBlocks(rounded));
  stored.data.forEach((x, i) => {
    expect(x).toBeCloseTo(must(rounded.data[i]), 5);
  });
});

test("roundTable() leaves a table alone that was never one of 4-bit numbers", () => {
  const before = { dims, data: numbers(1) };
  expect(roundTable(before, trained)).toEqual(trained);
});

test("partOfTheWay() goes as far with the table as with the rest", () => {
  const rest = (x: number) => ({ dims: [1, 2], data: Float32Array.of(x, -x) });
  const before = new Map([
    ["table", served],
    ["rest", rest(0)],
  ]);
  const half = partOfTheWay(
    before,
    new Map([
      ["table", trained],
      ["rest", rest(1)],
    ]),
    0.5,
  );
  expect(half.get("rest")).toEqual(rest(0.5));
  expect(progress(must(half.get("table")))).toBeCloseTo(0.5, 1);
});
