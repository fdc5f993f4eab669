import { type Architecture, architectureName } from "../../src/contract/architecture.ts";
import type { Latency, Manifest } from "../../src/contract/manifest.ts";
import { UpstreamError } from "../../src/errors.ts";
import { mean } from "../../src/stats.ts";
import type { OkTrial, Trial } from "../space/trial.ts";
import { okTrials } from "../space/trial.ts";
import {
  fitLatencyModel,
  type LatencyModel,
  type LatencySample,
  lengthSamples,
  predictLatency,
  toSamples,
} from "./latency-model.ts";
import {
  type FetchOptions,
  fetchMetricsText,
  type LengthShare,
  type Observed,
  type ObservedStudent,
  type ObservedTask,
  type ObserveOptions,
  readObserved,
} from "./observed.ts";
import { bestPerBudget } from "./reward.ts";

/**
 * Corrects what the search believes about latency by what production shows: latency is expected over the lengths that
 * production sees, and scaled by the ratio of measured to predicted of the students that serve there. The ratio of an
 * architecture that does not serve is read off its neighbours in predicted latency, since overheads weigh more on fast
 * students than on slow ones.
 */
export interface StudentChange {
  readonly name: string;
  readonly architecture: string;
  readonly texts: number;
  /** Expected offline for a text in a run of production's mean size, over production's lengths. */
  readonly predictedMs: number;
  /** Production's mean. */
  readonly measuredMs: number;
  readonly p95Ms: number;
  readonly ratio: number;
}

export interface WinnerChange {
  readonly budgetMs: number;
  readonly before: Winner | null;
  readonly after: Winner | null;
}

export interface Winner {
  readonly architecture: Architecture;
  readonly loss: number;
  readonly latencyMs: number;
}

export interface Calibration {
  readonly model: LatencyModel;
  /** All tasks' texts together. */
  readonly lengths: readonly LengthShare[];
  /** Mean number of texts in a run. */
  readonly rows: number;
  readonly students: readonly StudentChange[];
  /** Students of the metrics that were not used. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly winners: readonly WinnerChange[];
  /** Production's expected latency of an architecture; `measured` are its own offline timings, if there are any. */
  expect(
    architecture: Architecture,
    measured?: Latency["lengths"],
  ): { readonly ms: number; readonly uncertainty: number };
}

export interface CalibrateOptions extends ObserveOptions, FetchOptions {
  readonly manifests: readonly Manifest[];
  readonly trials: readonly Trial[];
  readonly budgetsMs: readonly number[];
  /** What `npm run calibrate` timed on this machine. */
  readonly calibration?: readonly LatencySample[];
}

/** A ratio beyond this either way is a mix-up of servers or units, not a slow machine. */
const MAX_RATIO = 30;
/** Width of the neighbourhood, in ln(ms): a student that takes three times as long says half as much. */
const NEIGHBOURHOOD = Math.log(3);
/** Spread of ln(ratio) between students before several are seen. */
const RATIO_DEVIATION = 0.2;

/**
 * Fits the latency model to trials and manifests and corrects it by a server's metrics; all that `--metrics URL` does.
 * @throws {UpstreamError} when the metrics are down, foreign, stale, thin or absurd; {ConfigError} on an unusable URL.
 */
export async function calibrateFrom(url: string, options: CalibrateOptions): Promise<Calibration> {
  const observed = readObserved(await fetchMetricsText(url, options), options);
  const timed = options.manifests.flatMap(({ architecture, latency }) => lengthSamples(architecture, latency.lengths));
  const model = fitLatencyModel([...toSamples(options.trials), ...timed], options.calibration);
  return recalibrate(model, observed, options);
}

/** As `calibrateFrom`, for a model and observations at hand. */
export function recalibrate(
  model: LatencyModel,
  observed: Observed,
  { manifests, trials, budgetsMs }: Pick<CalibrateOptions, "manifests" | "trials" | "budgetsMs">,
): Calibration {
  const tasks = splitPairs(observed.tasks, manifests);
  const { students, skipped } = compareStudents(model, { ...observed, tasks }, manifests);
  const lengths = mixLengths(
    tasks,
    tasks.map((task) => task.inputs),
  );
  const expect = (architecture: Architecture, measured: Latency["lengths"] = []) => {
    const ms = expectOffline(model, architecture, measured, lengths, 1);
    const { ratio, uncertainty } = ratioAt(students, ms);
    const offline = measured.length > 0 ? model.residual : predictLatency(model, architecture, 32).uncertainty;
    return { ms: ms * ratio, uncertainty: Math.hypot(offline, uncertainty) };
  };
  const winners = compareWinners(trials, budgetsMs, (trial) => expect(trial.architecture, trial.latency).ms);
  return { model, lengths, rows: observed.rows, students, skipped, winners, expect };
}

/** Of a pair the server counts both texts together, but its student reads them one by one. */
function splitPairs(tasks: readonly ObservedTask[], manifests: readonly Manifest[]): ObservedTask[] {
  const declared = manifests.flatMap((manifest) => manifest.tasks);
  return tasks.map((task) => {
    if (declared.find(({ name }) => name === task.task)?.input !== "pair") return task;
    const lengths = task.lengths.map(({ tokens, share }) => ({ tokens: Math.ceil(tokens / 2), share }));
    return { ...task, inputs: task.inputs * 2, lengths };
  });
}

/** One distribution out of several; shares add up to 1. */
function mixLengths(tasks: readonly ObservedTask[], weights: readonly number[]): LengthShare[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = new Map<number, number>();
  tasks.forEach((task, i) => {
    for (const { tokens, share } of task.lengths) {
      shares.set(tokens, (shares.get(tokens) ?? 0) + (share * (weights[i] ?? 0)) / total);
    }
  });
  return [...shares].map(([tokens, share]) => ({ tokens, share })).sort((a, b) => a.tokens - b.tokens);
}

function compareStudents(model: LatencyModel, observed: Observed, manifests: readonly Manifest[]) {
  const students: StudentChange[] = [];
  const skipped = observed.thin.map(({ name, texts }) => ({ name, reason: `only ${texts} texts` }));
  for (const student of observed.students) {
    const manifest = manifests.find(({ name }) => name === student.name);
    if (manifest === undefined) {
      skipped.push({ name: student.name, reason: "no manifest of this name" });
    } else if (student.version !== null && student.version !== manifest.version) {
      const reason = `serves version ${student.version}, the manifest is of ${manifest.version}`;
      skipped.push({ name: student.name, reason });
    } else {
      students.push(compareStudent(model, observed, student, manifest));
    }
  }
  refuseUseless(students, skipped);
  return { students, skipped };
}

function compareStudent(model: LatencyModel, observed: Observed, student: ObservedStudent, manifest: Manifest) {
  const { architecture, latency } = manifest;
  const weights = observed.tasks.map(({ task }) => {
    const texts = student.answered[task] ?? 0;
    return manifest.tasks.find(({ name }) => name === task)?.input === "pair" ? texts * 2 : texts;
  });
  const lengths = mixLengths(observed.tasks, weights);
  const predictedMs = expectOffline(model, architecture, latency.lengths, lengths, observed.rows);
  return {
    name: student.name,
    architecture: architectureName(architecture),
    texts: student.texts,
    predictedMs,
    measuredMs: student.meanMs,
    p95Ms: student.p95Ms,
    ratio: student.meanMs / predictedMs,
  };
}

function refuseUseless(students: readonly StudentChange[], skipped: Calibration["skipped"]): void {
  if (students.length === 0) {
    const reasons = skipped.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
    throw new UpstreamError(`the metrics tell nothing about our students (${reasons})`);
  }
  const absurd = students.find(({ ratio }) => ratio > MAX_RATIO || ratio < 1 / MAX_RATIO);
  if (absurd !== undefined) {
    const { name, measuredMs, predictedMs } = absurd;
    throw new UpstreamError(
      `${name}: absurd latency: ${measuredMs.toPrecision(3)} ms measured where ${predictedMs.toPrecision(3)} ms is expected`,
    );
  }
}

/**
 * Expected ms of a text in a run of `rows`, over the lengths, by the model; corrected by how far the model is off where
 * the student was timed.
 */
function expectOffline(
  model: LatencyModel,
  architecture: Architecture,
  measured: Latency["lengths"],
  lengths: readonly LengthShare[],
  rows: number,
): number {
  const misses = measured.map(({ tokens, p50Ms }) => Math.log(p50Ms / predictLatency(model, architecture, tokens).ms));
  const correction = misses.length === 0 ? 1 : Math.exp(mean(misses));
  return lengths.reduce(
    (sum, { tokens, share }) =>
      sum + (share * correction * predictLatency(model, architecture, tokens, rows).ms) / rows,
    0,
  );
}

/** Ratio for a predicted latency: students weigh by their nearness to it; far from all of them it is less certain. */
function ratioAt(students: readonly StudentChange[], predictedMs: number): { ratio: number; uncertainty: number } {
  const distances = students.map((student) => Math.log(student.predictedMs / predictedMs) / NEIGHBOURHOOD);
  const nearest = Math.min(...distances.map(Math.abs));
  // measured from the nearest one, so that the weights cannot all vanish
  const weights = distances.map((distance) => Math.exp((nearest ** 2 - distance ** 2) / 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const logs = students.map((student) => Math.log(student.ratio));
  const center = logs.reduce((sum, log, i) => sum + log * (weights[i] ?? 0), 0) / total;
  const spread = logs.reduce((sum, log, i) => sum + (log - center) ** 2 * (weights[i] ?? 0), 0) / total;
  return {
    ratio: Math.exp(center),
    uncertainty: Math.sqrt(spread + (RATIO_DEVIATION ** 2 * (1 + nearest ** 2)) / students.length),
  };
}

function compareWinners(
  trials: readonly Trial[],
  budgetsMs: readonly number[],
  expectMs: (trial: OkTrial) => number,
): WinnerChange[] {
  const corrected = okTrials(trials).map((trial) => ({ ...trial, latencyMs: expectMs(trial) }));
  const after = bestPerBudget(corrected, budgetsMs);
  return bestPerBudget(trials, budgetsMs).map(({ budgetMs, trial }, i) => ({
    budgetMs,
    before: toWinner(trial),
    after: toWinner(after[i]?.trial ?? null),
  }));
}

function toWinner(trial: OkTrial | null): Winner | null {
  return trial === null ? null : { architecture: trial.architecture, loss: trial.loss, latencyMs: trial.latencyMs };
}
