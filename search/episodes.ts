import { type Architecture, architectureName } from "../src/contract/architecture.ts";
import { must } from "../src/invariant.ts";
import type { Log } from "./command.ts";
import type { SearchConfig } from "./config.ts";
import { type Controller, createController } from "./controller/controller.ts";
import { firstGuesses, type LayerShape } from "./first-guesses.ts";
import type { Journal } from "./journal.ts";
import { knownLatencies } from "./known-latencies.ts";
import type { ProductionModel } from "./reward/production/expectation.ts";
import { budgetObjective } from "./reward/reward.ts";
import { architectureKey, type Space } from "./space/space.ts";
import type { Objective, Trial } from "./space/trial.ts";
import { keepReport } from "./write-report.ts";

export interface Episodes {
  readonly config: SearchConfig;
  readonly space: Space;
  /** A student of this shape inherits whole layers; null where none does. */
  readonly teacherShape: LayerShape | null;
  /** Trials of it that are asked for again are not run again. */
  readonly journal: Journal;
  /** Trials of an earlier run, from which the controller learns first. */
  readonly earlier: readonly Trial[];
  /** Traffic that budgets are meant for; null where they are meant offline. */
  readonly production: ProductionModel | null;
  readonly log: Log;
  /** Runs a trial; one that fails by its own fault comes back as failed. */
  readonly run: (architecture: Architecture, episode: number) => Promise<Trial>;
  /** Whether to stop before the next episode, after so many trials. */
  readonly isOver: (trials: number) => boolean;
}

/** Rounds of proposing, running and learning, until the trials are done. Every new trial goes into the journal. */
export async function runEpisodes(episodes: Episodes): Promise<Trial[]> {
  const { config, space, teacherShape, journal, earlier, production, log, run, isOver } = episodes;
  const { trials: total, trialsPerEpisode } = config.effort;
  const controller = createController(config.controller, {
    space,
    seed: config.seed,
    episodes: Math.ceil(total / trialsPerEpisode),
    objectives: config.budgetsMs.map((budget) => budgetObjective(budget)) as [Objective, ...Objective[]],
    earlier,
  });
  if (earlier.length > 0) log(`warm start · the controller learns from ${earlier.length} earlier trials`);
  const known = new Map(journal.trials.map((trial) => [architectureKey(trial.architecture), trial]));
  if (known.size > 0) log(`journal · ${known.size} trials taken up`);
  const calibration = knownLatencies(config.runs);
  const trials: Trial[] = [];
  for (let episode = 0; trials.length < total && !isOver(trials.length); episode++) {
    const wanted = Math.min(trialsPerEpisode, total - trials.length);
    const now = { trials, budgetsMs: config.budgetsMs, teacherShape, calibration, production };
    const guesses = firstGuesses(space, now).slice(0, wanted);
    const proposals = distinct([...guesses, ...(await proposed(controller, wanted - guesses.length))]);
    if (proposals.length === 0) break;
    const told: Trial[] = [];
    for (const architecture of proposals) {
      told.push(
        known.get(architectureKey(architecture)) ?? (await noted(config, journal, log, run(architecture, episode))),
      );
      log(trialLine(must(told.at(-1)), trials.length + told.length, total));
    }
    await controller.tell(told);
    trials.push(...told);
  }
  return trials;
}

/** The trial, once it is in the journal and in the report. */
export async function noted(config: SearchConfig, journal: Journal, log: Log, running: Promise<Trial>): Promise<Trial> {
  const trial = await running;
  if (!journal.append(trial))
    log("journal · the disk is full: the trial waits in memory and is written when there is room");
  keepReport(config, log);
  return trial;
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
