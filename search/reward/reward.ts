import type { Objective, OkTrial, Trial } from "../space/trial.ts";
import { okTrials } from "../space/trial.ts";

/**
 * What a trial is worth. KD-NAS (arXiv 2303.09639): reward = (1 - loss) * (latencyStudent / (beta * latencyTeacher))^alpha
 * with loss the unexplained share of the teacher's variance.
 *
 * Beta only scales that reward; it never makes a slow student lose to one that meets a budget. So for a budget in ms the
 * same formula is used with the budget as the target, and past it a second, steep exponent (as in MnasNet, Tan et al.
 * 2019, arXiv 1807.11626).
 */
const ALPHA = -0.06;
/** Exponent past a budget: twice the budget halves the worth. */
const ALPHA_OVER_BUDGET = -1;

export interface RewardOptions {
  readonly teacherLatencyMs: number;
  /** Target latency as a share of the teacher's. */
  readonly beta: number;
}

/** The paper's reward; positive, higher is better. Latencies in ms, for equal lengths. */
export function reward(loss: number, latencyMs: number, { teacherLatencyMs, beta }: RewardOptions): number {
  return quality(loss) * (latencyMs / (beta * teacherLatencyMs)) ** ALPHA;
}

/** Worth under a latency budget: as good as possible within it, and steeply less past it. */
export function budgetObjective(budgetMs: number): Objective {
  return {
    name: budgetKey(budgetMs),
    budgetMs,
    reward: (loss, latencyMs) =>
      quality(loss) * (latencyMs / budgetMs) ** (latencyMs <= budgetMs ? ALPHA : ALPHA + ALPHA_OVER_BUDGET),
  };
}

/** The `rewards` of a trial, by the budget's key. */
export function rewardsPerBudget(
  loss: number,
  latencyMs: number,
  budgetsMs: readonly number[],
): Record<string, number> {
  const objectives = budgetsMs.map((budgetMs) => budgetObjective(budgetMs));
  return Object.fromEntries(objectives.map((objective) => [objective.name, objective.reward(loss, latencyMs)]));
}

/** How a budget is written in a trial's `rewards`. */
export function budgetKey(budgetMs: number): string {
  return `${budgetMs}ms`;
}

/**
 * 1 - loss, except that it never reaches 0: a student that explains nothing (or does harm, loss > 1) must stay worse
 * than any other whatever its speed, and a negative value times a latency factor would turn that order around. Past
 * `KNEE` it goes on as an exponential with the same value and slope.
 */
function quality(loss: number): number {
  const kneeQuality = 1 - KNEE;
  return loss <= KNEE ? 1 - loss : kneeQuality * Math.exp(-(loss - KNEE) / kneeQuality);
}
const KNEE = 0.95;

export interface BudgetWinner {
  readonly budgetMs: number;
  /** Null when no trial meets the budget. */
  readonly trial: OkTrial | null;
}

/** For each budget the trial with the least loss that meets it; of equals the faster. */
export function bestPerBudget(trials: readonly Trial[], budgetsMs: readonly number[]): BudgetWinner[] {
  const ok = okTrials(trials);
  return budgetsMs.map((budgetMs) => {
    const within = ok.filter((trial) => trial.latencyMs <= budgetMs);
    return { budgetMs, trial: within.sort((a, b) => a.loss - b.loss || a.latencyMs - b.latencyMs)[0] ?? null };
  });
}

/** The trials that no other beats or equals in both loss and latency, fastest first; of exact equals the first told. */
export function paretoFront(trials: readonly Trial[]): OkTrial[] {
  const byLatency = okTrials(trials).sort((a, b) => a.latencyMs - b.latencyMs || a.loss - b.loss);
  let leastLoss = Number.POSITIVE_INFINITY;
  return byLatency.filter((trial) => {
    const isBetter = trial.loss < leastLoss;
    if (isBetter) leastLoss = trial.loss;
    return isBetter;
  });
}

/**
 * Area that the front dominates up to a reference point, with latency on a log10 scale (students span three decades).
 * What lies beyond the reference counts nothing. Higher is better; comparable only for the same reference.
 */
export function hypervolume(
  trials: readonly Trial[],
  reference: { readonly loss: number; readonly latencyMs: number },
) {
  const front = paretoFront(trials).filter((t) => t.loss < reference.loss && t.latencyMs < reference.latencyMs);
  let area = 0;
  front.forEach((trial, i) => {
    const nextMs = front[i + 1]?.latencyMs ?? reference.latencyMs;
    area += (reference.loss - trial.loss) * Math.log10(nextMs / trial.latencyMs);
  });
  return area;
}
