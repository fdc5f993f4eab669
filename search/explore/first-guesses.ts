import type { Architecture } from "../../src/contract/architecture.ts";
import { fitLatencyModel, type LatencySample, predictLatency, toSamples } from "../reward/latency-model.ts";
import { expectedMs, type ProductionModel } from "../reward/production/expectation.ts";
import { bestPerBudget } from "../reward/reward.ts";
import { macsPerToken } from "../space/cost.ts";
import { architectureKey, enumerate, type Space } from "../space/space.ts";
import type { Trial } from "../space/trial.ts";
import { budgetTokens } from "../timed-lengths.ts";

/** What two layers must have in common for one to be a copy of the other. */
export type LayerShape = Pick<Architecture, "hidden" | "heads" | "ffn" | "activation">;

export interface Known {
  readonly trials: readonly Trial[];
  readonly budgetsMs: readonly number[];
  readonly teacherShape: LayerShape | null;
  /** Timings of other runs on this machine. */
  readonly calibration: readonly LatencySample[];
  /** Null where budgets are meant offline. */
  readonly production: ProductionModel | null;
}

interface Untried {
  readonly a: Architecture;
  readonly size: number;
  readonly ms: number;
}

/**
 * What to try before a controller has learned anything, each guess corrected by the latencies of the trials before:
 *
 * - for a budget that no trial meets, the architecture with the most multiply-adds that should fit it. Few of a space fit a small
 *   budget, and a controller that has seen none of them has nothing to learn from;
 * - for each budget the most layers of the teacher's own shape that should fit it. They are copies of its layers, where those
 *   of any other shape start with what a short proxy can teach them: in 160,000 tokens 2 × 312 reaches a loss of .399, the
 *   deeper and wider 3 × 384 with a narrower feed-forward layer .419.
 */
export function firstGuesses(space: Space, known: Known): Architecture[] {
  const { trials, budgetsMs, teacherShape } = known;
  const unmet = bestPerBudget(trials, budgetsMs).flatMap(({ budgetMs, trial }) => (trial === null ? [budgetMs] : []));
  if (unmet.length === 0 && teacherShape === null) return [];
  const predictMs = predictor(known);
  const candidates = enumerate(space).map((a) => ({ a, size: macsPerToken(a) + a.tableWidth, ms: predictMs(a) }));
  const tried = new Set(trials.map((trial) => architectureKey(trial.architecture)));
  const isUntried = ({ a }: Untried) => !tried.has(architectureKey(a));
  const copies = candidates.filter(({ a }) => teacherShape !== null && isCopy(a, teacherShape));
  const guesses = [
    ...largestPerBudget(candidates.filter(isUntried), unmet),
    // Also among the tried ones: the next smaller copy is no better guess than the copy that was tried.
    ...largestPerBudget(copies, budgetsMs).filter(isUntried),
  ];
  return [...new Map(guesses.map(({ a }) => [architectureKey(a), a])).values()];
}

function predictor({ trials, calibration, production }: Known): (a: Architecture) => number {
  if (production !== null) return (a) => expectedMs(production, a);
  const model = fitLatencyModel(toSamples(trials), calibration);
  return (a) => predictLatency(model, a, budgetTokens).ms;
}

function isCopy(a: Architecture, shape: LayerShape): boolean {
  const alike = a.hidden === shape.hidden && a.heads === shape.heads && a.ffn === shape.ffn;
  return a.layers > 0 && alike && a.activation === shape.activation;
}

function largestPerBudget(candidates: readonly Untried[], budgetsMs: readonly number[]): Untried[] {
  return budgetsMs.flatMap((budgetMs) => {
    const fitting = candidates.filter(({ ms }) => ms <= 0.9 * budgetMs);
    return fitting.length === 0 ? [] : [fitting.reduce((best, each) => (each.size > best.size ? each : best))];
  });
}
