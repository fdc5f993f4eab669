import { type Architecture, architectureName } from "../../src/contract/architecture.ts";
import { type Controller, createController } from "../controller/controller.ts";
import { usableTrials } from "../controller/history.ts";
import { knownLatencies } from "../known-latencies.ts";
import type { ProductionModel } from "../reward/production/expectation.ts";
import { budgetObjective } from "../reward/reward.ts";
import { architectureKey, type Space } from "../space/space.ts";
import type { Objective, Trial } from "../space/trial.ts";
import { firstGuesses, type LayerShape } from "./first-guesses.ts";
import { runTrials, type TrialRunning } from "./run-trials.ts";

export interface Episodes extends TrialRunning {
  readonly space: Space;
  /** A student of this shape inherits whole layers; null where none does. */
  readonly teacherShape: LayerShape | null;
  /** Trials of an earlier run, from which the controller learns first. */
  readonly earlier: readonly Trial[];
  /** Traffic that budgets are meant for; null where they are meant offline. */
  readonly production: ProductionModel | null;
  /** Whether to stop before the next episode, after so many trials. */
  readonly isOver: (trials: number) => boolean;
}

/**
 * Rounds of proposing, running and learning, until the trials are done. Every new trial goes into the journal.
 * @returns those that were proposed in their order, then what the journal held besides: with more trials planned a controller explores
 * for longer, and need not propose again what it did before, which may be the best all the same.
 */
export async function runEpisodes(episodes: Episodes): Promise<Trial[]> {
  const { config, space, teacherShape, journal, earlier, production, log, isOver } = episodes;
  const { trials: total, trialsPerEpisode } = config.effort;
  const controller = createController(config.controller, {
    space,
    seed: config.seed,
    episodes: Math.ceil(total / trialsPerEpisode),
    objectives: config.budgetsMs.map((budget) => budgetObjective(budget)) as [Objective, ...Objective[]],
    earlier,
  });
  if (earlier.length > 0) log(warmStartLine(usableTrials(space, earlier).length, earlier.length));
  if (journal.trials.length > 0) log(`journal · ${journal.trials.length} trials taken up`);
  const calibration = knownLatencies(config.runs);
  const trials: Trial[] = [];
  for (let episode = 0; trials.length < total && !isOver(trials.length); episode++) {
    const wanted = Math.min(trialsPerEpisode, total - trials.length);
    const now = { trials, budgetsMs: config.budgetsMs, teacherShape, calibration, production };
    const guesses = firstGuesses(space, now).slice(0, wanted);
    const proposals = distinct([...guesses, ...(await proposed(controller, wanted - guesses.length))]);
    if (proposals.length === 0) break;
    const told: Trial[] = [];
    for await (const trial of runTrials(episodes, proposals, episode)) {
      told.push(trial);
      log(trialLine(trial, trials.length + told.length, total));
    }
    await controller.tell(told);
    trials.push(...told);
  }
  return [...trials, ...withoutThose(journal.trials, trials)];
}

function warmStartLine(usable: number, all: number): string {
  const why = usable > 0 ? "" : ": none succeeded with an architecture of this space";
  return `warm start · the controller learns from ${usable} of ${all} earlier trials${why}`;
}

function withoutThose(trials: readonly Trial[], others: readonly Trial[]): Trial[] {
  const keys = new Set(others.map(({ architecture }) => architectureKey(architecture)));
  return trials.filter(({ architecture }) => !keys.has(architectureKey(architecture)));
}

/** A controller that is asked for nothing would still count an episode. */
function proposed(controller: Controller, count: number): Promise<Architecture[]> {
  return count > 0 ? controller.propose(count) : Promise.resolve([]);
}

function distinct(architectures: readonly Architecture[]): Architecture[] {
  return [...new Map(architectures.map((a) => [architectureKey(a), a])).values()];
}

export function trialLine(trial: Trial, number: number, total: number): string {
  const what = `trial ${number} of ${total} · ${architectureName(trial.architecture)}`;
  if (trial.status === "failed") return `${what} · failed: ${trial.reason}`;
  return `${what} · loss ${trial.loss.toFixed(4)} · ${trial.latencyMs.toFixed(3)} ms · reward ${trial.reward.toFixed(4)} · ${trial.seconds.toFixed(0)} s`;
}
