import { expect, test } from "vitest";
import { isSampled } from "../../../serve/rollout/sample.ts";

const keys = Array.from({ length: 10_000 }, (_, i) => `request-${i}`);
const drawn = (salt: string, share: number) => keys.filter((key) => isSampled(salt, key, share));

test("isSampled() takes about its share, the same keys each time, all at 1 and none at 0", () => {
  expect(Math.abs(drawn("shadow a", 0.1).length - 1000)).toBeLessThan(120);
  expect(drawn("shadow a", 0.1)).toEqual(drawn("shadow a", 0.1));
  expect(drawn("shadow a", 1)).toEqual(keys);
  expect(drawn("shadow a", 0)).toEqual([]);
});

test("isSampled() with a larger share takes what a smaller one took, and other keys under another salt", () => {
  const [small, large] = [drawn("shadow a", 0.1), new Set(drawn("shadow a", 0.3))];
  expect(small.every((key) => large.has(key))).toBe(true);
  const both = new Set(drawn("canary a", 0.1));
  expect(small.filter((key) => both.has(key)).length).toBeLessThan(200);
});
