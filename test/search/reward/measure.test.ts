import { describe, expect, test } from "vitest";
import { measureLatency, timeLengths } from "../../../search/reward/measure.ts";
import { randomStudent } from "../../../search/student/random-student.ts";
import { Latency } from "../../../src/contract/manifest.ts";

const student = randomStudent({
  layers: 2,
  hidden: 128,
  heads: 4,
  ffn: 256,
  activation: "gelu",
  tableWidth: 64,
  vocabulary: 500,
});

describe("measureLatency()", () => {
  test("gives the manifest's shape, longer texts taking longer", async () => {
    const lengths = await measureLatency(student, [4, 128], { threads: 1, vocabulary: 500, budgetMs: 300 });
    expect(Latency.shape.lengths.parse(lengths)).toEqual(lengths);
    const [short, long] = lengths as [(typeof lengths)[number], (typeof lengths)[number]];
    expect([short.tokens, long.tokens]).toEqual([4, 128]);
    expect(long.p50Ms).toBeGreaterThan(2 * short.p50Ms);
    expect(short.p95Ms).toBeGreaterThanOrEqual(short.p50Ms);
  });

  test("refuses ids that the table does not have rather than timing an error", async () => {
    await expect(measureLatency(student, [64], { threads: 1, vocabulary: 50_000, budgetMs: 50 })).rejects.toThrow();
  });
});

test("timeLengths() keeps to its time, runs each length several times and tells the spread", async () => {
  const start = performance.now();
  const timings = await timeLengths(student, [8, 32], { threads: 1, vocabulary: 500, budgetMs: 400 });
  expect(performance.now() - start).toBeLessThan(4000);
  for (const { runs, spread } of timings) {
    expect(runs).toBeGreaterThanOrEqual(15);
    expect(spread).toBeGreaterThanOrEqual(0);
  }
});
