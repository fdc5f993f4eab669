import { expect, test } from "vitest";
import { expectedGain, expectedImprovement, latencyGrid, staircaseOf } from "../../../search/controller/improvement.ts";
import { createRandom } from "../../../src/random.ts";
import { mean } from "../../../src/stats.ts";

test("expectedImprovement() is the mean of what samples improve", () => {
  const random = createRandom(1);
  const belief = { mean: 0.5, deviation: 0.2 };
  const samples = Array.from({ length: 200_000 }, () => belief.mean + belief.deviation * random.normal());
  expect(expectedImprovement(0.4, belief)).toBeCloseTo(mean(samples.map((x) => Math.max(0, 0.4 - x))), 3);
});

test("expectedGain() grows with a lower loss and with a lower latency, and is nothing past the slowest", () => {
  const grid = latencyGrid(0.1, 3, [0.3, 3]);
  expect(grid.reduce((sum, { mass }) => sum + mass, 0)).toBeCloseTo(1);
  const stairs = staircaseOf(grid, [{ loss: 0.5, logLatency: Math.log(1) }], 0.8);
  expect(stairs.at(-1)).toBe(0.5);
  expect(stairs.at(-2)).toBe(0.8);
  const gain = (loss: number, ms: number) =>
    expectedGain(grid, stairs, { mean: loss, deviation: 0.05 }, { mean: Math.log(ms), deviation: 0.05 });
  expect(gain(0.4, 0.5)).toBeGreaterThan(gain(0.45, 0.5));
  expect(gain(0.4, 0.2)).toBeGreaterThan(gain(0.4, 0.5));
  expect(gain(0.1, 9)).toBe(0);
});
