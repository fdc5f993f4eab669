import { describe, expect, test } from "vitest";
import { contributionsTo } from "../../../search/report/dimensions.ts";
import { createSpace, sampleArchitecture } from "../../../search/space/space.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";
import { syntheticTrial } from "../synthetic-trials.ts";

const random = createRandom(5);
const trials = Array.from({ length: 60 }, () => syntheticTrial(sampleArchitecture(createSpace(1000), random)));

describe("contributionsTo()", () => {
  test("gives the whole share to the only dimension that matters", () => {
    const found = contributionsTo(trials, ({ architecture }) => (architecture.tableWidth === 256 ? 1 : 0));
    expect(found?.heldOutR2).toBeGreaterThan(0.95);
    const shares = Object.fromEntries(found?.contributions.map(({ dimension, share }) => [dimension, share]) ?? []);
    expect(shares["table width"]).toBeGreaterThan(0.95);
  });

  test("claims no shares of noise", () => {
    const ofNoise = (seed: number) => {
      const noise = createRandom(seed);
      return must(contributionsTo(trials.slice(0, 20), () => noise.normal()));
    };
    expect(ofNoise(1).heldOutR2).toBeLessThan(0.3);
    // Now and then twenty numbers are predicted a little by chance.
    const unlearned = Array.from({ length: 12 }, (_, i) => ofNoise(i + 1)).filter(({ heldOutR2 }) => heldOutR2 <= 0);
    expect(unlearned.length).toBeGreaterThan(0);
    for (const { contributions } of unlearned)
      expect(contributions.map(({ share }) => share)).toEqual(contributions.map(() => null));
  });

  test("leaves out what never varied, and counts static students only where they have the dimension", () => {
    const found = contributionsTo(trials, (trial) => trial.loss);
    const counts = Object.fromEntries(
      found?.contributions.map(({ dimension, values }) => [
        dimension,
        values.reduce((sum, { outcomes }) => sum + outcomes.length, 0),
      ]) ?? [],
    );
    expect(counts.vocabulary).toBeUndefined();
    expect(counts.layers).toBe(trials.length);
    expect(counts["head width"]).toBe(trials.filter(({ architecture }) => architecture.layers > 0).length);
  });

  test("is null for too few trials", () => {
    expect(contributionsTo(trials.slice(0, 2), (trial) => trial.loss)).toBeNull();
  });
});
