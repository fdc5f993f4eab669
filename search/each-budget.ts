import { TrainingFailedError } from "../src/errors.ts";
import type { Log } from "./command.ts";
import type { BudgetWinner } from "./reward/reward.ts";
import type { OkTrial } from "./space/trial.ts";
import { ownFault } from "./student/own-fault.ts";

/**
 * Works on the winner of each budget. One that fails by its own fault (`ownFault`) does not take the others with it.
 * @throws {TrainingFailedError} at the end, naming the budgets that failed.
 */
export async function forEachBudget(
  winners: readonly BudgetWinner[],
  log: Log,
  complete: (budgetMs: number, trial: OkTrial) => Promise<void>,
): Promise<void> {
  const failed: string[] = [];
  for (const { budgetMs, trial } of winners) {
    if (trial === null) {
      log(`${budgetMs} ms · no trial meets this budget; --trials raises the number that are tried`);
      continue;
    }
    try {
      await complete(budgetMs, trial);
    } catch (error) {
      const reason = ownFault(error);
      if (reason === null) throw error;
      log(`${budgetMs} ms · failed: ${reason}`);
      failed.push(`${budgetMs} ms`);
    }
  }
  if (failed.length > 0)
    throw new TrainingFailedError(`no student for ${failed.join(", ")}; the same command tries again`);
}
