import { expect, test } from "vitest";
import { firstGuesses } from "../../../search/explore/first-guesses.ts";
import { createSpace } from "../../../search/space/space.ts";
import { architectureName } from "../../../src/contract/architecture.ts";
import { syntheticLatencyMs, syntheticTrial } from "../synthetic-trials.ts";

const space = createSpace(1000);
const teacherShape = { hidden: 384, heads: 12, ffn: 1536, activation: "gelu" } as const;
const none = { trials: [], budgetsMs: [0.1, 3], teacherShape: null, calibration: [], production: null };

test("firstGuesses() proposes the largest that should fit for a budget that no trial meets, and nothing for one that is met", () => {
  const [small, large, ...others] = firstGuesses(space, none);
  expect(others).toEqual([]);
  expect(small?.layers).toBe(0);
  expect(large?.layers).toBeGreaterThan(1);
  const met = [small, large].flatMap((a) => (a ? [syntheticTrial(a)] : []));
  expect(met.map(({ architecture }) => syntheticLatencyMs(architecture) <= 3)).toEqual([true, true]);
  expect(firstGuesses(space, { ...none, trials: met })).toEqual([]);
});

test("firstGuesses() proposes copies of the teacher's layers, as many as fit, until they were tried", () => {
  const guesses = firstGuesses(space, { ...none, teacherShape, budgetsMs: [3] });
  const copy = guesses.find((a) => a.ffn === 1536 && a.heads === 12 && a.activation === "gelu");
  expect(copy && architectureName(copy)).toMatch(/^[2-6]x384-ffn1536-h12-gelu-e256$/);
  const trials = guesses.map((a) => syntheticTrial(a));
  const again = firstGuesses(space, { ...none, teacherShape, budgetsMs: [3], trials });
  // The latencies of the trials may show that another depth fits; the same one is not proposed again.
  expect(again.map(architectureName)).not.toContain(copy && architectureName(copy));
});
