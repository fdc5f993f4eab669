import { UpstreamError } from "../../src/errors.ts";
import { knownLatencies } from "../known-latencies.ts";
import { calibrationPath, readCalibration } from "../reward/calibration-file.ts";
import { type Calibration, calibrate } from "../reward/production/calibrate.ts";
import { medianErrors } from "../reward/production/judge.ts";
import { meanRows, meanTokens } from "../reward/production/observed.ts";
import { toProductionFile, writeProduction } from "../reward/production/production-file.ts";
import { percent } from "./describe.ts";
import { keptProductionPath } from "./kept-production.ts";
import { liveManifests, readTrials, type StudentFolders } from "./known-students.ts";
import { recentTraffic } from "./recent-traffic.ts";

export interface Learned {
  readonly isLearned: boolean;
  /** What was learned with its numbers, or why nothing was. */
  readonly said: string;
}

/** Learns production's latency model from the windows of late, by the checks of a search's `--metrics`; what they refuse changes nothing. */
export function learnProduction(folders: StudentFolders & { readonly controlFolder: string }, at: Date): Learned {
  const { controlFolder } = folders;
  try {
    const calibration = calibrateOn(folders);
    const path = keptProductionPath(controlFolder);
    writeProduction(path, toProductionFile(calibration, at));
    return { isLearned: true, said: `${describe(calibration)} → ${path}` };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return { isLearned: false, said: `nothing learned for production.json: ${error.message}` };
  }
}

function calibrateOn({
  models,
  runs,
  controlFolder,
}: StudentFolders & { readonly controlFolder: string }): Calibration {
  const traffic = recentTraffic(controlFolder);
  if (traffic === null) throw new UpstreamError("no window was seen yet");
  return calibrate(traffic, {
    manifests: liveManifests(models),
    trials: readTrials(runs).trials,
    known: knownLatencies(runs),
    calibrationOf: (machine) => readCalibration(calibrationPath(runs, machine)),
  });
}

function describe({ shape, students, judgement }: Calibration): string {
  const texts = students.reduce((sum, student) => sum + student.texts, 0);
  const errors = judgement === null ? null : medianErrors(judgement.cases);
  const off =
    errors === null ? "" : `, prediction off by ${percent(errors.before)} before and ${percent(errors.after)} after`;
  return `learned from ${texts} texts of ${meanTokens(shape).toFixed(1)} tokens, ${meanRows(shape).toFixed(2)} in a pass${off}`;
}
