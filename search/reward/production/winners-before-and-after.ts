import type { OkTrial, Trial } from "../../space/trial.ts";
import { bestPerBudget } from "../reward.ts";
import type { ExpectedTrial } from "./calibrate.ts";
import { offlineTrials } from "./offline-trials.ts";

/** What a budget gets by the search's own timing, and by what production is expected to take; null where none fits. */
export interface BudgetWinners {
  readonly budgetMs: number;
  readonly before: OkTrial | null;
  readonly after: ExpectedTrial | null;
}

/** @param expected the same trials, by `trialsInProduction` */
export function winnersBeforeAndAfter(
  trials: readonly Trial[],
  expected: readonly ExpectedTrial[],
  budgetsMs: readonly number[],
): BudgetWinners[] {
  const after = bestPerBudget(expected, budgetsMs);
  return bestPerBudget(offlineTrials(trials), budgetsMs).map(({ budgetMs, trial }, i) => ({
    budgetMs,
    before: trial,
    after: expected.find((one) => one === after[i]?.trial) ?? null,
  }));
}
