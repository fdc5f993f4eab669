import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { calibrationDesign } from "../../../search/reward/calibration-design.ts";
import {
  type CalibrationFile,
  calibrationPath,
  calibrationSamples,
  readCalibration,
  writeCalibration,
} from "../../../search/reward/calibration-file.ts";
import { fitLatencyModel, predictLatency } from "../../../search/reward/latency-model.ts";
import { timeStudents } from "../../../search/reward/time-students.ts";
import { architectureKey, createSpace, isValid } from "../../../search/space/space.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { BadFileError } from "../../../src/errors.ts";
import { syntheticLatencyMs } from "../synthetic-trials.ts";

const folder = mkdtempSync(join(tmpdir(), "calibration-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("calibrationDesign()", () => {
  test("spreads over the space: any part of it, and each architecture once", () => {
    const design = calibrationDesign(40);
    expect(new Set(design.map(architectureKey)).size).toBe(40);
    expect(design.every((a) => isValid(createSpace(a.vocabulary), a))).toBe(true);
    const first = design.slice(0, 8);
    expect(new Set(first.map((a) => a.activation)).size).toBe(2);
    expect(first.some((a) => a.layers === 0)).toBe(true);
    expect(first.some((a) => a.layers === 6)).toBe(true);
    expect(design.slice(0, 8)).toEqual(calibrationDesign(8));
  });
});

test("timeStudents() times the first of its students at every length, however little time there is", async () => {
  const tiny = [0, 1, 2, 3, 4].map((layers): Architecture => {
    const depth = layers === 0 ? { heads: 0, ffn: 0 } : { heads: 2, ffn: 64 };
    return { layers, hidden: 32, ...depth, activation: "gelu", tableWidth: 32, vocabulary: 200 };
  });
  const timed = await timeStudents(tiny, { lengths: [4, 16], seconds: 0.01 });
  expect(timed.map(({ architecture }) => architecture)).toEqual(tiny.slice(0, 4));
  for (const { lengths } of timed) {
    expect(lengths.map(({ tokens }) => tokens)).toEqual([4, 16]);
    for (const { quietMs, p50Ms, p95Ms } of lengths) {
      expect(quietMs).toBeGreaterThan(0);
      expect(p95Ms).toBeGreaterThanOrEqual(p50Ms);
    }
  }
});

/** A machine three times as slow as the synthetic one. */
const calibration: CalibrationFile = {
  format: 1,
  cpu: "Some CPU @ 3 GHz (4 cores)",
  runtime: "onnxruntime-node 1.2.3",
  threads: 1,
  created: "2026-01-02T03:04:05.000Z",
  seconds: 1,
  leaveOneOutError: 0.05,
  students: calibrationDesign(12).map((architecture) => ({
    architecture,
    lengths: [8, 32, 128].map((tokens) => {
      const ms = 3 * syntheticLatencyMs(architecture, tokens);
      return { tokens, runs: 9, quietMs: ms, p50Ms: 1.1 * ms, p95Ms: 1.21 * ms, spread: 0.1 };
    }),
  })),
};

describe("the calibration file", () => {
  test("is one a machine, and comes back as it was written", () => {
    const path = calibrationPath(folder, calibration);
    expect(path).toBe(join(folder, "calibration", "some-cpu-3-ghz-4-cores-onnxruntime-node-1.2.3.json"));
    expect(readCalibration(path)).toBeNull();
    writeCalibration(path, calibration);
    expect(readCalibration(path)).toEqual(calibration);
  });

  test("names itself when it is damaged", () => {
    const path = join(folder, "damaged.json");
    writeFileSync(path, '{"format":1}');
    expect(() => readCalibration(path)).toThrow(BadFileError);
    expect(() => readCalibration(path)).toThrow(/damaged\.json.*npm run calibrate/s);
  });
});

describe("fitLatencyModel() with a calibration", () => {
  const known = calibrationSamples(calibration.students);
  const other = calibrationDesign(20).at(-1) as Architecture;
  const truth = syntheticLatencyMs(other, 32);

  test("knows the machine before the first trial", () => {
    expect(predictLatency(fitLatencyModel([], known), other, 32).ms / truth).toBeCloseTo(3, 0);
  });

  test("tells p95 from p50", () => {
    const { ms, p95Ms } = predictLatency(fitLatencyModel([], known), other, 32);
    expect(p95Ms / ms).toBeCloseTo(1.1, 1);
  });

  test("takes the speed of the day from the trials", () => {
    const today = calibrationDesign(4).flatMap((architecture) =>
      [8, 32, 128].map((tokens) => ({ architecture, tokens, ms: syntheticLatencyMs(architecture, tokens) })),
    );
    const ms = predictLatency(fitLatencyModel(today, known), other, 32).ms;
    expect(Math.abs(Math.log(ms / truth))).toBeLessThan(0.35);
  });
});
