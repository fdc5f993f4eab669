import { expect, test } from "vitest";
import { lengthBatches } from "../../../search/student/length-batches.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";

const random = createRandom(8);
const lengths = Array.from({ length: 3000 }, () => 2 + Math.floor(62 * random.next() ** 2));
const limits = { rows: 16, tokens: 512 };

const longest = (batch: readonly number[]) => Math.max(...batch.map((i) => must(lengths[i])));

test("lengthBatches() holds every row once", () => {
  const rows = lengthBatches(lengths, limits, createRandom(1)).flat();
  expect(rows.sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
});

test("lengthBatches() keeps to the limits of rows and of padded tokens", () => {
  for (const batch of lengthBatches(lengths, limits, createRandom(1))) {
    expect(batch.length).toBeLessThanOrEqual(limits.rows);
    expect(batch.length * longest(batch)).toBeLessThanOrEqual(limits.tokens);
  }
});

test("lengthBatches() gives a row that is longer than the limit a batch of its own", () => {
  const batches = lengthBatches([600, 3, 700], limits, createRandom(1));
  expect(batches.map((batch) => batch.join()).sort()).toEqual(["0", "1", "2"]);
});

test("lengthBatches() pads less than a tenth", () => {
  const batches = lengthBatches(lengths, limits, createRandom(1));
  const padded = batches.reduce((sum, batch) => sum + batch.length * longest(batch), 0);
  expect(padded / lengths.reduce((a, b) => a + b)).toBeLessThan(1.1);
});

test("lengthBatches() repeats itself under a seed and goes on differently in the next epoch", () => {
  const shared = createRandom(1);
  const first = lengthBatches(lengths, limits, shared);
  expect(lengthBatches(lengths, limits, createRandom(1))).toEqual(first);
  expect(lengthBatches(lengths, limits, shared)).not.toEqual(first);
});

test("lengthBatches() does not hand batches out by length", () => {
  const means = lengthBatches(lengths, limits, createRandom(1)).map(longest);
  const rising = means.filter((mean, i) => i > 0 && mean >= must(means[i - 1])).length;
  expect(rising / means.length).toBeGreaterThan(0.3);
  expect(rising / means.length).toBeLessThan(0.7);
});

test("lengthBatches() of nothing is nothing", () => {
  expect(lengthBatches([], limits, createRandom(1))).toEqual([]);
});
