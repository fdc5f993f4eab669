import { machine } from "../src/onnx/machine.ts";
import { calibrationPath, calibrationSamples, readCalibration } from "./reward/calibration-file.ts";
import type { LatencySample } from "./reward/latency-model.ts";

/** What `npm run calibrate` timed on this machine; nothing before it did. @throws {BadFileError} on a damaged file. */
export function knownLatencies(runs: string): LatencySample[] {
  return calibrationSamples(readCalibration(calibrationPath(runs, machine()))?.students ?? []);
}
