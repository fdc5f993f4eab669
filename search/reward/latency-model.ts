import { type Architecture, architectureName } from "../../src/contract/architecture.ts";
import type { Latency } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { mean, quantile } from "../../src/stats.ts";
import { okTrials, type Trial } from "../space/trial.ts";
import { type Correction, correct, fitCorrection } from "./latency-correction.ts";
import { COSTS, costs } from "./latency-costs.ts";
import { dot, fitShares, posteriorCovariance, quadratic } from "./latency-shares.ts";

/**
 * Predicts the milliseconds of a student from its architecture and the shape of the batch: a sum of analytic costs, each times a
 * coefficient that is never negative, times a small correction that is learned from what the sum misses. Errors are relative (a fast
 * student counts as much as a slow one). Coefficients are pulled towards a prior, scaled to the machine; with few measurements
 * the prior does most of the work, with many the correction takes part.
 *
 * Uncertainty is the posterior of both regressions, non-negativity left out.
 */
export interface LatencySample {
  readonly architecture: Architecture;
  readonly tokens: number;
  /** Median. */
  readonly ms: number;
  /** Left out where it is not known. */
  readonly p95Ms?: number;
}

/** Plain data, so that it may be written to disk. */
export interface LatencyModel {
  /** ms for one unit of each of `COSTS`. */
  readonly coefficients: readonly number[];
  /** How much slower this machine is than the prior's. */
  readonly scale: number;
  readonly samples: number;
  /** Standard deviation of ln(measured / predicted), noise and misfit together. */
  readonly residual: number;
  /** Covariance of the coefficients in units of the scaled prior, row-major. */
  readonly covariance: readonly (readonly number[])[];
  /** Null before anything is measured. */
  readonly correction: Correction | null;
  readonly jitter: Jitter;
}

/** ln(p95 / p50) = base + slope · ln(ms): short runs vary more. */
interface Jitter {
  readonly base: number;
  readonly slope: number;
}

export interface Prediction {
  /** Median of runs on an idle core. */
  readonly ms: number;
  readonly p95Ms: number;
  /** Standard deviation of ln(true / predicted): 0.1 means about 10 %. */
  readonly uncertainty: number;
}

/** Spread of a coefficient around its scaled prior, as a share of it. */
const PRIOR_DEVIATION = 1;
/** ln-spread of the machine's speed before anything is measured: a factor of 2 either way. */
const SCALE_DEVIATION = 0.7;
/** Measurements differ by this much between quiet runs, so no fit may claim less. */
const NOISE_FLOOR = 0.05;
/** A 95th percentile is 15 % above the median until it is measured. */
const PRIOR_JITTER: Jitter = { base: Math.log(1.15), slope: 0 };
/** As many samples of a run tell half of its speed. */
const SPEED_SAMPLES = 5;
/** What a sample counts that was measured on another day, as a share of one of the search's own. */
const KNOWN_WEIGHT = 1 / 4;
/** More groups than these are left out together, so that a long journal is not fitted hundreds of times. */
const MAX_FOLDS = 50;

/** The model before any measurement. */
export const priorModel: LatencyModel = {
  coefficients: COSTS.map(({ priorMs }) => priorMs),
  scale: 1,
  samples: 0,
  residual: SCALE_DEVIATION,
  covariance: COSTS.map((_, i) => COSTS.map((_, j) => (i === j ? PRIOR_DEVIATION ** 2 : 0))),
  correction: null,
  jitter: PRIOR_JITTER,
};

/** Latency of `rows` texts of `tokens` tokens in one run. */
export function predictLatency(model: LatencyModel, a: Architecture, tokens: number, rows = 1): Prediction {
  const x = costs(a, tokens, rows);
  const summedMs = dot(x, model.coefficients);
  const shares = x.map((cost, i) => (cost * must(COSTS[i]).priorMs * model.scale) / summedMs);
  const { log, variance } = correct(model.correction, a, tokens);
  const ms = summedMs * Math.exp(log);
  return {
    ms,
    p95Ms: ms * Math.exp(Math.max(0, model.jitter.base + model.jitter.slope * Math.log(ms))),
    uncertainty: Math.sqrt(model.residual ** 2 + variance + Math.max(0, quadratic(shares, model.covariance))),
  };
}

/**
 * Fits the model; without samples it is the prior.
 * @param known what `npm run calibrate` measured: it tells how costs relate to each other, and `samples` how fast the machine was
 *   when they were taken.
 */
export function fitLatencyModel(samples: readonly LatencySample[], known: readonly LatencySample[] = []): LatencyModel {
  return fitSamples(samples, atSpeedOf(samples, known));
}

/** Known samples, as slow as the machine was when `samples` were taken; a few of those do not yet tell all of it. */
function atSpeedOf(samples: readonly LatencySample[], known: readonly LatencySample[]): readonly LatencySample[] {
  if (samples.length === 0 || known.length === 0) return known;
  const model = fitSamples(known);
  const ratios = samples.map((s) => Math.log(s.ms / predictLatency(model, s.architecture, s.tokens).ms));
  const factor = Math.exp((quantile(ratios, 0.5) * samples.length) / (samples.length + SPEED_SAMPLES));
  return known.map((sample) => ({
    ...sample,
    ms: sample.ms * factor,
    ...(sample.p95Ms === undefined ? {} : { p95Ms: sample.p95Ms * factor }),
  }));
}

function fitSamples(own: readonly LatencySample[], known: readonly LatencySample[] = []): LatencyModel {
  const samples = [...own, ...known];
  if (samples.length === 0) return priorModel;
  const scale = Math.exp(
    quantile(
      samples.map((s) => Math.log(s.ms / predictLatency(priorModel, s.architecture, s.tokens).ms)),
      0.5,
    ),
  );
  const weights = samples.map((_, i) => (i < own.length ? 1 : Math.sqrt(KNOWN_WEIGHT)));
  // unknowns are shares of the scaled prior, rows are shares of the measurement: residuals are relative errors
  const rows = samples.map((s, r) =>
    costs(s.architecture, s.tokens, 1).map(
      (cost, i) => (cost * must(COSTS[i]).priorMs * scale * must(weights[r])) / s.ms,
    ),
  );
  const shares = fitShares(rows, weights, { deviation: PRIOR_DEVIATION, noise: NOISE_FLOOR });
  const misses = samples.map((s, r) => {
    const weight = must(weights[r]);
    return { ...s, weight, log: -Math.log(Math.max(1e-3, dot(must(rows[r]), shares) / weight)) };
  });
  const correction = fitCorrection(misses);
  const left = misses.map((miss) => miss.log - correct(correction, miss.architecture, miss.tokens).log);
  const freedom = Math.max(1, left.length - Math.min(shares.length, left.length / 2));
  const deviation = Math.sqrt(left.reduce((sum, log) => sum + log ** 2, 0) / freedom);
  const residual = Math.max(NOISE_FLOOR, deviation, SCALE_DEVIATION / (1 + samples.length));
  return {
    coefficients: shares.map((share, i) => share * must(COSTS[i]).priorMs * scale),
    scale,
    samples: samples.length,
    residual,
    covariance: posteriorCovariance(rows, { deviation: PRIOR_DEVIATION, noise: residual }),
    correction,
    jitter: fitJitter(samples),
  };
}

/** A line through ln(p95 / p50) over ln(ms); flat until there are enough to tell a slope. */
function fitJitter(samples: readonly LatencySample[]): Jitter {
  const known = samples.flatMap(({ ms, p95Ms }) =>
    p95Ms === undefined ? [] : [{ x: Math.log(ms), y: Math.log(p95Ms / ms) }],
  );
  if (known.length === 0) return PRIOR_JITTER;
  const [x, y] = [mean(known.map((point) => point.x)), mean(known.map((point) => point.y))];
  const spread = known.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  const slope = known.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / (spread + 10);
  return { base: y - slope * x, slope };
}

/** One sample for each measured length of the successful trials. */
export function toSamples(trials: readonly Trial[]): LatencySample[] {
  return okTrials(trials).flatMap((trial) => lengthSamples(trial.architecture, trial.latency));
}

/** One sample for each length. */
export function lengthSamples(architecture: Architecture, lengths: Latency["lengths"]): LatencySample[] {
  return lengths.map(({ tokens, p50Ms, p95Ms }) => ({ architecture, tokens, ms: p50Ms, p95Ms }));
}

/** A sample and what a model says that knows all architectures but its own. */
export interface HeldOut {
  readonly sample: LatencySample;
  readonly predicted: Prediction;
}

/**
 * Predicts each architecture of `samples`, with all its lengths, from the others and from `known`. Empty when there are no others
 * to predict from.
 */
export function leaveOneOut(samples: readonly LatencySample[], known: readonly LatencySample[] = []): HeldOut[] {
  const keys = [...new Set(samples.map((sample) => architectureName(sample.architecture)))];
  if (keys.length < 2 && known.length === 0) return [];
  const folds = Math.min(keys.length, MAX_FOLDS);
  const foldOf = new Map(keys.map((key, i) => [key, i % folds]));
  return Array.from({ length: folds }, (_, fold) => fold).flatMap((fold) => {
    const isLeftOut = (sample: LatencySample) => foldOf.get(architectureName(sample.architecture)) === fold;
    const [own, prior] = [samples, known].map((list) => list.filter((sample) => !isLeftOut(sample)));
    const model = fitLatencyModel(must(own), must(prior));
    return samples
      .filter(isLeftOut)
      .map((sample) => ({ sample, predicted: predictLatency(model, sample.architecture, sample.tokens) }));
  });
}

/** Median of |ln(predicted / measured)| over `leaveOneOut`. NaN with fewer than two architectures. */
export function leaveOneOutError(samples: readonly LatencySample[]): number {
  return medianError(leaveOneOut(samples));
}

/** Median of |ln(predicted / measured)|: 0.07 is 7 %. NaN when empty. */
export function medianError(heldOut: readonly HeldOut[]): number {
  return quantile(
    heldOut.map(({ sample, predicted }) => Math.abs(Math.log(predicted.ms / sample.ms))),
    0.5,
  );
}
