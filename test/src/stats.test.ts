import { expect, test } from "vitest";
import { normalShare } from "../../src/stats.ts";

test("normalShare() agrees with tables of the normal distribution", () => {
  for (const [z, share] of [
    [0, 0.5],
    [1, 0.8413447],
    [-1.96, 0.0249979],
    [3, 0.9986501],
  ] as const)
    expect(normalShare(z)).toBeCloseTo(share, 6);
});
