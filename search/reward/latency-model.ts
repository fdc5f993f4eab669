import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { quantile } from "../../src/stats.ts";
import { attentionMacs, layerMacs, tableMapMacs } from "../space/cost.ts";
import { architectureKey } from "../space/space.ts";
import { okTrials, type Trial } from "../space/trial.ts";
import { solve } from "./linear.ts";

/**
 * Predicts the milliseconds of a student from its architecture and the shape of the batch: a sum of analytic costs, each
 * times a coefficient that is never negative. Errors are relative (a fast student counts as much as a slow one).
 * Coefficients are pulled towards a prior, scaled to the machine; with few measurements the prior does most of the work.
 *
 * Uncertainty is the posterior of the ridge regression, non-negativity left out.
 */
export interface LatencySample {
  readonly architecture: Architecture;
  readonly tokens: number;
  readonly ms: number;
}

/** Plain data, so that it may be written to disk. */
export interface LatencyModel {
  /** ms for one unit of each entry of `costs`. */
  readonly coefficients: readonly number[];
  /** How much slower this machine is than the prior's. */
  readonly scale: number;
  readonly samples: number;
  /** Standard deviation of ln(measured / predicted), noise and misfit together. */
  readonly residual: number;
  /** Covariance of the coefficients in units of the scaled prior, row-major. */
  readonly covariance: readonly (readonly number[])[];
}

export interface Prediction {
  readonly ms: number;
  /** Standard deviation of ln(true / predicted): 0.1 means about 10 %. */
  readonly uncertainty: number;
}

/**
 * What the entries of `costs` are, and what each is worth in ms before anything is measured: a rounded fit to 22 int8
 * students on a server processor.
 */
const PRIOR = [
  { cost: "run", ms: 0.025 },
  { cost: "table rows", ms: 5e-7 },
  { cost: "table map", ms: 1 / 60e6 },
  { cost: "layer", ms: 0.015 },
  { cost: "layer matmuls", ms: 1 / 180e6 },
  { cost: "attention", ms: 1 / 60e6 },
  { cost: "softmax", ms: 8e-7 },
  { cost: "relu and norms", ms: 2.5e-6 },
  { cost: "gelu", ms: 5e-7 },
] as const;

/** Spread of a coefficient around its scaled prior, as a share of it. */
const PRIOR_DEVIATION = 1;
/** ln-spread of the machine's speed before anything is measured: a factor of 2 either way. */
const SCALE_DEVIATION = 0.7;
/** Measurements differ by this much between quiet runs, so no fit may claim less. */
const NOISE_FLOOR = 0.05;

/** The model before any measurement. */
export const priorModel: LatencyModel = {
  coefficients: PRIOR.map((entry) => entry.ms),
  scale: 1,
  samples: 0,
  residual: SCALE_DEVIATION,
  covariance: PRIOR.map((_, i) => PRIOR.map((_, j) => (i === j ? PRIOR_DEVIATION ** 2 : 0))),
};

/** Latency of `rows` texts of `tokens` tokens in one run. */
export function predictLatency(model: LatencyModel, a: Architecture, tokens: number, rows = 1): Prediction {
  const x = costs(a, tokens, rows);
  const ms = dot(x, model.coefficients);
  const relative = x.map((cost, i) => (cost * must(PRIOR[i]).ms * model.scale) / ms);
  const variance = dot(
    relative,
    model.covariance.map((row) => dot(row, relative)),
  );
  return { ms, uncertainty: Math.sqrt(model.residual ** 2 + Math.max(0, variance)) };
}

/** Fits the model; without samples it is the prior. */
export function fitLatencyModel(samples: readonly LatencySample[]): LatencyModel {
  if (samples.length === 0) return priorModel;
  const scale = Math.exp(
    quantile(
      samples.map((s) => Math.log(s.ms / predictLatency(priorModel, s.architecture, s.tokens).ms)),
      0.5,
    ),
  );
  // unknowns are shares of the scaled prior, rows are shares of the measurement: residuals are relative errors
  const rows = samples.map((s) =>
    costs(s.architecture, s.tokens, 1).map((cost, i) => (cost * must(PRIOR[i]).ms * scale) / s.ms),
  );
  const shares = ridgeTowardsOne(rows);
  const residual = Math.max(NOISE_FLOOR, relativeResidual(rows, shares), SCALE_DEVIATION / (1 + samples.length));
  return {
    coefficients: shares.map((share, i) => share * must(PRIOR[i]).ms * scale),
    scale,
    samples: samples.length,
    residual,
    covariance: posteriorCovariance(rows, residual),
  };
}

/** One sample for each measured length of the successful trials. */
export function toSamples(trials: readonly Trial[]): LatencySample[] {
  return okTrials(trials).flatMap((trial) =>
    trial.latency.map(({ tokens, p50Ms }) => ({ architecture: trial.architecture, tokens, ms: p50Ms })),
  );
}

/**
 * Median of |ln(predicted / measured)| when each architecture, with all its lengths, is predicted from the others.
 * NaN with fewer than two architectures.
 */
export function leaveOneOutError(samples: readonly LatencySample[]): number {
  const keys = new Set(samples.map((sample) => architectureKey(sample.architecture)));
  if (keys.size < 2) return Number.NaN;
  const errors = [...keys].flatMap((key) => {
    const isLeftOut = (sample: LatencySample) => architectureKey(sample.architecture) === key;
    const model = fitLatencyModel(samples.filter((sample) => !isLeftOut(sample)));
    return samples
      .filter(isLeftOut)
      .map((s) => Math.abs(Math.log(predictLatency(model, s.architecture, s.tokens).ms / s.ms)));
  });
  return quantile(errors, 0.5);
}

/** Amounts of what takes time, in the order of `PRIOR`. */
function costs(a: Architecture, tokens: number, rows: number): number[] {
  const positions = rows * tokens;
  return [
    1,
    positions * a.tableWidth,
    positions * tableMapMacs(a),
    a.layers,
    positions * a.layers * layerMacs(a),
    rows * attentionMacs(a, tokens),
    rows * a.layers * a.heads * tokens * tokens,
    positions * a.layers * (4 * a.hidden + a.ffn),
    a.activation === "gelu" ? positions * a.layers * a.ffn : 0,
  ];
}

/**
 * Least squares on `rows * shares = 1` with a ridge around shares of 1, none negative: coordinates take turns at their
 * own optimum, which for this strictly convex problem ends in the only minimum.
 */
function ridgeTowardsOne(rows: readonly (readonly number[])[]): number[] {
  const ridge = (NOISE_FLOOR / PRIOR_DEVIATION) ** 2;
  const shares = PRIOR.map(() => 1);
  const left = rows.map((row) => 1 - dot(row, shares));
  for (let sweep = 0; sweep < 500; sweep++) {
    let moved = 0;
    for (let i = 0; i < shares.length; i++) {
      const now = must(shares[i]);
      const next = Math.max(0, optimum(rows, left, i, now, ridge));
      rows.forEach((row, r) => {
        left[r] = must(left[r]) - must(row[i]) * (next - now);
      });
      shares[i] = next;
      moved = Math.max(moved, Math.abs(next - now));
    }
    if (moved < 1e-6) break;
  }
  return shares;
}

/** Best value of share `i` while the others stand still. */
function optimum(rows: readonly (readonly number[])[], left: readonly number[], i: number, now: number, ridge: number) {
  let numerator = ridge;
  let denominator = ridge;
  rows.forEach((row, r) => {
    const x = must(row[i]);
    numerator += x * (must(left[r]) + x * now);
    denominator += x * x;
  });
  return numerator / denominator;
}

function relativeResidual(rows: readonly (readonly number[])[], shares: readonly number[]): number {
  const squares = rows.map((row) => Math.log(Math.max(1e-3, dot(row, shares))) ** 2);
  const freedom = Math.max(1, rows.length - Math.min(shares.length, rows.length / 2));
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / freedom);
}

/** (rowsᵀ rows / noise² + 1 / prior²)⁻¹ */
function posteriorCovariance(rows: readonly (readonly number[])[], noise: number): number[][] {
  const precision = PRIOR.map((_, i) =>
    PRIOR.map((_, j) => {
      const data = rows.reduce((sum, row) => sum + must(row[i]) * must(row[j]), 0) / noise ** 2;
      return data + (i === j ? PRIOR_DEVIATION ** -2 : 0);
    }),
  );
  return PRIOR.map((_, i) =>
    solve(
      precision,
      PRIOR.map((_, j) => (i === j ? 1 : 0)),
    ),
  );
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * must(b[i]), 0);
}
