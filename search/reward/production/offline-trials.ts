import { type OkTrial, okTrials, type Trial } from "../../space/trial.ts";
import { budgetLatency } from "../budget-latency.ts";

/**
 * The successful trials with the latency that was timed here, of one text of the length that budgets are meant at: of a search for
 * production's traffic, `latencyMs` is what that was expected to take.
 */
export function offlineTrials(trials: readonly Trial[]): OkTrial[] {
  return okTrials(trials).map((trial) => ({ ...trial, latencyMs: budgetLatency(trial.latency).p50Ms }));
}
