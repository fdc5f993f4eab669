import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { Architecture } from "../../src/contract/architecture.ts";
import { readJson } from "../../src/json-file.ts";
import { replaceFile } from "../../src/replace-file.ts";
import type { LatencySample } from "./latency-model.ts";

/**
 * `runs/calibration/<machine>.json`: what `npm run calibrate` timed on a machine, for the latency model of every search on it. A
 * machine is its processor's name, its number of cores and the runtime's version: another of these is another machine.
 */

/** As `measure.ts` tells them. */
const Timing = z.strictObject({
  tokens: z.int().positive(),
  runs: z.int().positive(),
  p50Ms: z.number().positive(),
  p95Ms: z.number().positive(),
  quietMs: z.number().positive(),
  spread: z.number().nonnegative(),
});

const CalibrationFile = z.strictObject({
  format: z.literal(1),
  cpu: z.string(),
  runtime: z.string(),
  threads: z.int().positive(),
  created: z.iso.datetime(),
  /** Seconds that it took. */
  seconds: z.number().nonnegative(),
  /** Median of |ln(predicted / measured)| of architectures that the model was not fitted to. */
  leaveOneOutError: z.number().nonnegative().nullable(),
  students: z
    .array(z.strictObject({ architecture: Architecture, lengths: z.array(Timing).min(1).readonly() }).readonly())
    .min(1)
    .readonly(),
});
export type CalibrationFile = Readonly<z.infer<typeof CalibrationFile>>;

export interface Machine {
  readonly cpu: string;
  readonly runtime: string;
}

export function calibrationPath(runs: string, { cpu, runtime }: Machine): string {
  const name = `${cpu} ${runtime}`.toLowerCase().replaceAll(/[^a-z0-9.]+/g, "-");
  return join(runs, "calibration", `${name.replaceAll(/^-|-$/g, "")}.json`);
}

export function writeCalibration(path: string, calibration: CalibrationFile): void {
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, `${JSON.stringify(CalibrationFile.parse(calibration))}\n`);
}

/** Null where this machine was never calibrated. @throws {BadFileError} on a damaged file. */
export function readCalibration(path: string): CalibrationFile | null {
  if (!existsSync(path)) return null;
  return readJson(path, CalibrationFile, "not a usable calibration (npm run calibrate writes a new one)");
}

/**
 * What the latency model is fitted to beside a run's own trials; nothing where there is no calibration. Of each timing the undisturbed
 * runs count: how costs relate to each other shows there, and how slow the machine is otherwise shows in the trials.
 */
export function calibrationSamples(students: CalibrationFile["students"]): LatencySample[] {
  return students.flatMap(({ architecture, lengths }) =>
    lengths.map(({ tokens, quietMs, p50Ms, p95Ms }) => ({
      architecture,
      tokens,
      ms: quietMs,
      p95Ms: (quietMs * p95Ms) / p50Ms,
    })),
  );
}
