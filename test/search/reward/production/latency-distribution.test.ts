import { describe, expect, test } from "vitest";
import { fitLatencyModel, toSamples } from "../../../../search/reward/latency-model.ts";
import { fitSpread, quantileMs, timesOver } from "../../../../search/reward/production/latency-distribution.ts";
import { syntheticLatencyMs } from "../../synthetic-trials.ts";
import { offBy, slow, trials } from "./served-world.ts";

const model = fitLatencyModel(toSamples(trials));
const { architecture, latency } = slow;
const alone = [{ rows: 1, share: 1 }];

describe("timesOver()", () => {
  test("expects a text over its lengths", () => {
    const lengths = [
      { tokens: 10, share: 0.75 },
      { tokens: 90, share: 0.25 },
    ];
    const expected = 0.75 * syntheticLatencyMs(architecture, 10) + 0.25 * syntheticLatencyMs(architecture, 90);
    expect(
      offBy(timesOver(model, architecture, latency.lengths, { lengths, rows: alone }).meanMs, expected),
    ).toBeLessThan(0.05);
  });

  test("meets the timed lengths exactly, and expects less of a text that shares its pass", () => {
    const at = (tokens: number, rows = alone) =>
      timesOver(model, architecture, latency.lengths, { lengths: [{ tokens, share: 1 }], rows }).meanMs;
    for (const { tokens, p50Ms } of latency.lengths) expect(at(tokens)).toBeCloseTo(p50Ms, 6);
    expect(at(8, [{ rows: 8, share: 1 }])).toBeLessThan(at(8));
  });

  test("counts what a static student takes beyond the model for each text, however many share its pass", () => {
    const flat = { ...architecture, layers: 0, hidden: 128, heads: 0, ffn: 0, tableWidth: 128 };
    const at = (rows: number, timed: typeof latency.lengths | readonly never[]) =>
      timesOver(model, flat, timed, { lengths: [{ tokens: 32, share: 1 }], rows: [{ rows, share: 1 }] }).meanMs;
    const timed = [{ tokens: 32, p50Ms: at(1, []) + 0.05, p95Ms: 1 }];
    for (const rows of [1, 30]) expect(at(rows, timed) - at(rows, [])).toBeCloseTo(0.05, 6);
  });
});

describe("quantileMs()", () => {
  const times = {
    points: [
      { ms: 1, share: 0.9 },
      { ms: 10, share: 0.1 },
    ],
    meanMs: 1.9,
  };

  test("is of the mixture: long texts make the tail", () => {
    expect(quantileMs(times, 0.5, 1, 0.01)).toBeCloseTo(1, 1);
    expect(quantileMs(times, 0.95, 2, 0.01)).toBeCloseTo(20, 0);
  });

  test("grows with the spread that fitSpread() finds again", () => {
    const alike = { points: [{ ms: 1, share: 1 }], meanMs: 1 };
    const p95Ms = quantileMs(alike, 0.95, 3, 0.4);
    expect(p95Ms).toBeGreaterThan(quantileMs(alike, 0.95, 3, 0.1));
    expect(fitSpread(alike, 3, p95Ms)).toBeCloseTo(0.4, 2);
    expect(fitSpread(alike, 3, 1)).toBeLessThan(0.01);
  });
});
