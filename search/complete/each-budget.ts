import { TrainingFailedError } from "../../src/errors.ts";
import type { Log } from "../command/command.ts";
import type { BudgetWinner } from "../reward/reward.ts";
import { architectureKey } from "../space/space.ts";
import type { OkTrial } from "../space/trial.ts";
import { ownFault } from "../student/own-fault.ts";

/**
 * Works on the winner of each budget; an architecture that wins several is one student. One that fails by its own fault (`ownFault`) does not take the others with it.
 * @throws {TrainingFailedError} at the end, naming the budgets that failed.
 */
export async function forEachBudget(
  winners: readonly BudgetWinner[],
  log: Log,
  /** `left`: this winner and those after it. */
  complete: (budgetMs: number, trial: OkTrial, left: readonly OkTrial[]) => Promise<void>,
): Promise<void> {
  const failed: string[] = [];
  const done = new Map<string, number>();
  for (const [i, { budgetMs, trial }] of winners.entries()) {
    if (trial === null) {
      log(`${budgetMs} ms · no trial meets this budget; --trials raises the number that are tried`);
      continue;
    }
    const key = architectureKey(trial.architecture);
    const same = done.get(key);
    if (same !== undefined) {
      log(`${budgetMs} ms · no trial is better than the student of ${same} ms, which serves this budget too`);
      continue;
    }
    try {
      const left = winners.slice(i).flatMap((winner) => winner.trial ?? []);
      await complete(budgetMs, trial, left);
      done.set(key, budgetMs);
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
