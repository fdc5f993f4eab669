import { architectureName, fromArchitectureName } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { type BudgetWinner, bestPerBudget } from "../reward/reward.ts";
import type { Trial } from "../space/trial.ts";
import { trialLine } from "./episodes.ts";
import { runTrials, type TrialRunning } from "./run-trials.ts";

/** One trial of each of `--architectures`, in the place of a search: it times them, and the report shows them like found ones. */
export async function tryGiven(names: readonly string[], vocabulary: number, running: TrialRunning): Promise<Trial[]> {
  const architectures = [...new Set(names)].map((name) => must(fromArchitectureName(name, vocabulary), name));
  const trials: Trial[] = [];
  for await (const trial of runTrials(running, architectures, 0)) {
    trials.push(trial);
    running.log(trialLine(trial, trials.length, architectures.length));
  }
  return trials;
}

/** Whether a student without layers is tried: unless others were asked for, it may be. */
export function makesStatics({ architectures }: Pick<SearchConfig, "architectures">): boolean {
  return architectures?.some((name) => fromArchitectureName(name, 1)?.layers === 0) ?? true;
}

/** What is trained for each budget: what was given for it, as slow as it may be, or the best that meets it. */
export function winnersOf(trials: readonly Trial[], config: SearchConfig, log: Log): BudgetWinner[] {
  const { architectures, budgetsMs } = config;
  if (architectures === null) return bestPerBudget(trials, budgetsMs);
  return budgetsMs.map((budgetMs, i) => {
    const given = trials.find(({ architecture }) => architectureName(architecture) === architectures[i]);
    if (given?.status !== "ok") return { budgetMs, trial: null };
    if (given.latencyMs > budgetMs)
      log(`${budgetMs} ms · ${architectures[i]} takes ${given.latencyMs.toFixed(3)} ms here, more than this budget`);
    return { budgetMs, trial: given };
  });
}
