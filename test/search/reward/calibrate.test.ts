import { afterEach, describe, expect, test } from "vitest";
import { type CalibrateOptions, calibrateFrom, recalibrate } from "../../../search/reward/calibrate.ts";
import { fitLatencyModel, toSamples } from "../../../search/reward/latency-model.ts";
import { readObserved } from "../../../search/reward/observed.ts";
import { formatCalibration, formatFront } from "../../../search/reward/report.ts";
import { paretoFront } from "../../../search/reward/reward.ts";
import { createSpace, sampleArchitecture } from "../../../search/space/space.ts";
import { type Architecture, architectureName } from "../../../src/contract/architecture.ts";
import type { Manifest } from "../../../src/contract/manifest.ts";
import { UpstreamError } from "../../../src/errors.ts";
import { createRandom } from "../../../src/random.ts";
import { tinyManifest } from "../../fixtures/tiny-student.ts";
import { freshMetrics, listenMetrics, type MetricsServer, serveTexts } from "../metrics-server.ts";
import { syntheticLatencyMs, syntheticTrial } from "../synthetic-trials.ts";

const random = createRandom(2);
const space = createSpace(100_000);
const trials = Array.from({ length: 40 }, (_, i) => syntheticTrial(sampleArchitecture(space, random), i >> 2));
const fast = manifestOf("fast", trials.find((t) => t.architecture.layers === 0)?.architecture as Architecture);
const slow = manifestOf("slow", trials.find((t) => t.architecture.layers === 4)?.architecture as Architecture);
const options: CalibrateOptions = { manifests: [fast, slow], trials, budgetsMs: [0.1, 0.6, 1.2, 2.4] };
const lengths = Array.from({ length: 200 }, (_, i) => 10 + ((i * 37) % 50));

let server: MetricsServer | undefined;
afterEach(() => server?.close());

/** A student whose offline timings are those of the synthetic world. */
function manifestOf(name: string, architecture: Architecture): Manifest {
  const manifest = tinyManifest({ name });
  return { ...manifest, architecture, latency: { ...manifest.latency, lengths: syntheticTrial(architecture).latency } };
}

/** Distance of two positive numbers as a share of either. */
function offBy(a: number | undefined, b: number): number {
  return Math.abs(Math.log((a ?? Number.NaN) / b));
}

/** Production where a student takes `factor` times what it took offline. */
async function calibrate(factors: Readonly<Record<string, number>>, change: Partial<CalibrateOptions> = {}) {
  const metrics = freshMetrics([fast, slow]);
  for (const { name, architecture } of [fast, slow]) {
    const factor = factors[name];
    if (factor !== undefined) {
      serveTexts(metrics, name, "sentiment", lengths, (tokens) => factor * syntheticLatencyMs(architecture, tokens));
    }
  }
  server = await listenMetrics(metrics);
  return calibrateFrom(server.url, { ...options, ...change });
}

describe("calibrateFrom()", () => {
  test("finds ratios near 1 where production is as fast as offline", async () => {
    const { students, winners } = await calibrate({ fast: 1, slow: 1 });
    for (const { ratio } of students) expect(offBy(ratio, 1)).toBeLessThan(0.1);
    for (const { before, after } of winners) expect(before === null).toBe(after === null);
  });

  test("takes each student's ratio for what is near it, so that overheads of fast ones do not spoil slow ones", async () => {
    const { students, expect: expected } = await calibrate({ fast: 4, slow: 1.5 });
    const ratios = Object.fromEntries(students.map(({ name, ratio }) => [name, ratio]));
    expect(offBy(ratios.fast, 4)).toBeLessThan(0.15);
    expect(offBy(ratios.slow, 1.5)).toBeLessThan(0.15);
    const near = expected(slow.architecture, slow.latency.lengths);
    const offline = lengths.reduce((sum, t) => sum + syntheticLatencyMs(slow.architecture, t), 0) / lengths.length;
    expect(offBy(near.ms / offline, 1.5)).toBeLessThan(0.2);
    expect(near.uncertainty).toBeGreaterThan(0.05);
  });

  test("is less certain with one student, and far from it", async () => {
    const both = await calibrate({ fast: 1.2, slow: 1.2 });
    await server?.close();
    const one = await calibrate({ fast: 1.2 });
    const uncertainty = (c: typeof one) => c.expect(slow.architecture, slow.latency.lengths).uncertainty;
    expect(uncertainty(one)).toBeGreaterThan(uncertainty(both));
    expect(one.skipped).toEqual([{ name: "slow", reason: "only 0 texts" }]);
  });

  test("moves the winners to faster students where production is slow", async () => {
    const { winners } = await calibrate({ fast: 3, slow: 3 });
    const moved = winners.filter(({ before, after }) => before !== null && before.loss !== after?.loss);
    expect(moved.length).toBeGreaterThan(0);
    for (const { after, budgetMs } of winners)
      if (after !== null) expect(after.latencyMs).toBeLessThanOrEqual(budgetMs);
  });

  test("does not use a student of another version or without a manifest", async () => {
    const newer = { ...slow, version: "abcabcabcabc" };
    const { students, skipped } = await calibrate({ fast: 1, slow: 1 }, { manifests: [fast, newer] });
    expect(students.map((student) => student.name)).toEqual(["fast"]);
    expect(skipped[0]?.reason).toBe(`serves version ${slow.version}, the manifest is of abcabcabcabc`);
    await server?.close();
    await expect(calibrate({ slow: 1 }, { manifests: [fast] })).rejects.toThrow("slow: no manifest of this name");
  });

  test("refuses a ratio that can only be a mix-up", async () => {
    await expect(calibrate({ slow: 100 })).rejects.toThrow(UpstreamError);
    await server?.close();
    await expect(calibrate({ slow: 100 })).rejects.toThrow("slow: absurd latency");
  });

  test("works without trials: the manifests are enough", async () => {
    const { students, winners } = await calibrate({ fast: 2, slow: 2 }, { trials: [] });
    expect(students).toHaveLength(2);
    expect(winners.every(({ before, after }) => before === null && after === null)).toBe(true);
  });
});

describe("recalibrate()", () => {
  test("expects a text's share of a run where texts are run together", async () => {
    const metrics = freshMetrics([slow]);
    const rows = 8;
    const together = syntheticLatencyMs(slow.architecture, 32 * rows);
    const passes = [{ rows, tokens: 32, inferMs: together }];
    const tokens = new Int32Array(rows).fill(32);
    const output = { logits: {}, tokens, truncated: new Uint8Array(rows), tokenizeMs: 1, passes };
    for (let i = 0; i < 20; i++) metrics.batchDone("slow", output, 1);
    for (let i = 0; i < 160; i++) metrics.answered("sentiment", "slow", 32);
    const model = fitLatencyModel(toSamples(trials));
    const { students } = recalibrate(model, readObserved(await metrics.text()), options);
    expect(offBy(students[0]?.ratio, 1)).toBeLessThan(0.3);
  });

  test("halves the lengths of pairs, whose texts are counted together", async () => {
    const metrics = freshMetrics([slow]);
    serveTexts(metrics, "slow", "adequacy", new Array(100).fill(80), () => syntheticLatencyMs(slow.architecture, 40));
    const model = fitLatencyModel(toSamples(trials));
    const { students, lengths: seen } = recalibrate(model, readObserved(await metrics.text()), options);
    expect(seen).toEqual([{ tokens: 41, share: 1 }]);
    expect(offBy(students[0]?.ratio, 1)).toBeLessThan(0.15);
  });
});

test("formatCalibration() shows students, ratios and how the winners move", async () => {
  const calibration = await calibrate({ fast: 3 });
  const text = formatCalibration(calibration);
  expect(text).toMatch(/^Production: 3\d\.\d tokens a text, 1\.00 texts a run$/m);
  expect(text).toMatch(new RegExp(`^fast +${architectureName(fast.architecture)} +200 .* [23]\\.\\d\\d$`, "m"));
  expect(text).toMatch(/^2\.4 .*loss .* ms\) .*(same|changed)$/m);
  expect(text).toContain("not used: slow (only 0 texts)");
});

test("formatFront() lists the front, fastest first", () => {
  const front = paretoFront(trials);
  const rows = formatFront(front).split("\n");
  expect(rows).toHaveLength(front.length + 1);
  expect(rows[1]).toContain(architectureName(front[0]?.architecture as Architecture));
});
