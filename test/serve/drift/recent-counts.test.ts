import { expect, test } from "vitest";
import { RecentCounts, slices } from "../../../serve/drift/recent-counts.ts";

test("RecentCounts counts what occurred, by name", () => {
  const counts = new RecentCounts(["a", "b", "c"]);
  counts.add(0, 0);
  counts.add(2, 0);
  counts.add(2, 1);
  expect(counts.counts(1)).toEqual({ a: 1, c: 2 });
});

test("RecentCounts forgets the oldest slice when a new one begins", () => {
  const counts = new RecentCounts(["a", "b"]);
  for (let slice = 0; slice < slices; slice++) counts.add(slice === 0 ? 0 : 1, slice);
  expect(counts.counts(slices - 1)).toEqual({ a: 1, b: slices - 1 });
  expect(counts.counts(slices)).toEqual({ b: slices - 1 });
});

test("RecentCounts forgets all after a long silence", () => {
  const counts = new RecentCounts(["a"]);
  counts.add(0, 3);
  counts.add(0, 3 + 100 * slices);
  expect(counts.counts(3 + 100 * slices)).toEqual({ a: 1 });
  expect(counts.counts(3 + 200 * slices)).toEqual({});
});
