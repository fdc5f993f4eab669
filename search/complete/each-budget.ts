import { TrainingFailedError } from "../../src/errors.ts";
import type { Log } from "../command/command.ts";
import type { BudgetWinner } from "../reward/reward.ts";
import { architectureKey } from "../space/space.ts";
import type { OkTrial } from "../space/trial.ts";
import { tryAlone } from "../student/own-fault.ts";

/**
 * Works on the winner of each budget; an architecture that wins several is one student. One that fails by its own fault
 * (`ownFault`) does not take the others with it.
 * @returns what names the budgets that failed, to be thrown when all else is done; null where none did.
 */
export async function forEachBudget(
  winners: readonly BudgetWinner[],
  log: Log,
  /** `left`: this winner and those that are still to be trained after it, each once. */
  complete: (budgetMs: number, trial: OkTrial, left: readonly OkTrial[]) => Promise<void>,
): Promise<TrainingFailedError | null> {
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
    const left = stillToTrain(winners.slice(i), done);
    const isMade = await tryAlone(`${budgetMs} ms`, () => complete(budgetMs, trial, left), log);
    if (isMade) done.set(key, budgetMs);
    else failed.push(`${budgetMs} ms`);
  }
  if (failed.length === 0) return null;
  return new TrainingFailedError(`no student for ${failed.join(", ")}; the same command tries again`);
}

function stillToTrain(winners: readonly BudgetWinner[], done: ReadonlyMap<string, number>): OkTrial[] {
  const trials = winners.flatMap(({ trial }) => trial ?? []);
  const byKey = new Map(trials.map((trial) => [architectureKey(trial.architecture), trial]));
  return [...byKey].flatMap(([key, trial]) => (done.has(key) ? [] : [trial]));
}
