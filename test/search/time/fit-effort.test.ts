import { expect, test } from "vitest";
import { presets } from "../../../search/config.ts";
import { fitFactor, scaleCompletion, scaleEffort } from "../../../search/time/fit-effort.ts";

const { full } = presets;

test("scaleEffort() by 1 changes nothing, by more does more of everything that takes time", () => {
  expect(scaleEffort(full, 1)).toEqual(full);
  const [half, double] = [scaleEffort(full, 0.5), scaleEffort(full, 2)];
  for (const key of [
    "trials",
    "trialTokens",
    "teacherTokens",
    "distilTokens",
    "headTokens",
    "staticHeadTokens",
    "ngramTokens",
  ] as const) {
    expect(half[key]).toBeLessThan(full[key]);
    expect(double[key]).toBeGreaterThan(full[key]);
  }
  expect(double.trials * double.trialTokens).toBeCloseTo(2 * full.trials * full.trialTokens, -6);
});

test("scaleEffort() keeps one whole episode of trials", () => {
  expect(scaleEffort(full, 0.001).trials).toBe(full.trialsPerEpisode);
});

test("scaleCompletion() touches nothing but what comes after the trials", () => {
  expect(scaleCompletion(full, 0.5)).toEqual({
    distilTexts: full.distilTexts / 2,
    distilTokens: full.distilTokens / 2,
    headTokens: full.headTokens / 2,
    staticHeadTokens: full.staticHeadTokens / 2,
    ngramTokens: full.ngramTokens / 2,
  });
});

test("fitFactor() finds how much fits, within its bounds", () => {
  const secondsOf = (factor: number) => 10 + 100 * factor;
  expect(fitFactor(60, secondsOf)).toBeCloseTo(0.5, 3);
  expect(fitFactor(1e9, secondsOf)).toBe(8);
  expect(fitFactor(1, secondsOf)).toBeCloseTo(0.01, 6);
});
