import { expect, test } from "vitest";
import { Reservoir, randomFor } from "../../../search/corpus/reservoir.ts";

function draw(size: number, of: number, seed: number): number[] {
  const reservoir = new Reservoir<number>(size, randomFor(seed, "test"));
  for (let i = 0; i < of; i++) reservoir.offer(i);
  return reservoir.items;
}

test("Reservoir keeps all of a short stream and no more than its size of a long one", () => {
  expect(draw(5, 3, 1)).toEqual([0, 1, 2]);
  expect(new Set(draw(5, 1000, 1)).size).toBe(5);
  expect(draw(0, 10, 1)).toEqual([]);
});

test("Reservoir draws the same under a seed, and otherwise under another", () => {
  expect(draw(5, 1000, 7)).toEqual(draw(5, 1000, 7));
  expect(draw(5, 1000, 7)).not.toEqual(draw(5, 1000, 8));
});

test("Reservoir draws every item with the same chance", () => {
  const hits = new Array<number>(20).fill(0);
  for (let seed = 0; seed < 4000; seed++) for (const i of draw(5, 20, seed)) hits[i] = (hits[i] as number) + 1;
  // 1,000 each in the mean, standard deviation 27.
  expect(Math.min(...hits)).toBeGreaterThan(860);
  expect(Math.max(...hits)).toBeLessThan(1140);
});

test("randomFor() gives each purpose its own numbers", () => {
  expect(randomFor(1, "a").next()).not.toBe(randomFor(1, "b").next());
});
