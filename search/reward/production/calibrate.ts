import type { Manifest } from "../../../src/contract/manifest.ts";
import type { OkTrial, Trial } from "../../space/trial.ts";
import type { CalibrationFile, Machine } from "../calibration-file.ts";
import { fitLatencyModel, type LatencySample, lengthSamples, toSamples } from "../latency-model.ts";
import type { Skipped } from "./compare.ts";
import { type Expected, expectInProduction, type ProductionModel } from "./expectation.ts";
import { fitProduction } from "./fit.ts";
import { offlineFor } from "./hardware.ts";
import { type Judgement, judge } from "./judge.ts";
import type { ObservedTask } from "./observed.ts";
import { offlineTrials } from "./offline-trials.ts";
import type { Traffic } from "./traffic.ts";

/**
 * Corrects what the search believes about latency by what production shows: latency is expected over the lengths and numbers of
 * texts in a pass that production sees, and scaled by what the students that serve there take against what they were predicted to.
 */
export interface Calibration extends ProductionModel {
  readonly tasks: readonly ObservedTask[];
  /** Students of the metrics that were not used. */
  readonly skipped: readonly Skipped[];
  readonly judgement: Judgement | null;
}

export interface CalibrateOptions {
  readonly manifests: readonly Manifest[];
  readonly trials: readonly Trial[];
  /** What `npm run calibrate` timed on this machine. */
  readonly known?: readonly LatencySample[];
  /** The same of another machine; null where it never ran there. */
  readonly calibrationOf?: (machine: Machine) => CalibrationFile | null;
  /** Fewer texts of a student tell nothing. @default 50 */
  readonly minSamples?: number;
}

/** @throws {UpstreamError} when the counts are thin or absurd, or of other hardware or other students than ours. */
export function calibrate(traffic: Traffic, options: CalibrateOptions): Calibration {
  const { manifests, trials, known = [], calibrationOf = () => null, minSamples = 50 } = options;
  const timed = manifests.flatMap(({ architecture, latency }) => lengthSamples(architecture, latency.lengths));
  const model = fitLatencyModel([...toSamples(trials), ...timed], known);
  const offline = offlineFor(traffic, { model, manifests, calibrationOf });
  const { production, observed, skipped } = fitProduction(offline, traffic, minSamples);
  return { ...production, tasks: observed.tasks, skipped, judgement: judge(offline, traffic, minSamples) };
}

/** A trial as production would see it. */
export type ExpectedTrial = OkTrial & { readonly offlineMs: number; readonly expected: Expected };

/** The successful trials with the latency that production makes of theirs, so that budgets and fronts are of production. */
export function trialsInProduction(production: ProductionModel, trials: readonly Trial[]): ExpectedTrial[] {
  return offlineTrials(trials).map((trial) => {
    const expected = expectInProduction(production, trial.architecture, trial.latency);
    return { ...trial, offlineMs: trial.latencyMs, latencyMs: expected.ms, expected };
  });
}
