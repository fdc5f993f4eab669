import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { architectureKey } from "../space/space.ts";
import type { Trial } from "../space/trial.ts";
import { keepReport } from "../write-report.ts";
import type { Journal } from "./journal.ts";

/** Trials that are run side by side. */
export interface TrialGroup {
  readonly episode: number;
  /** Of each. */
  readonly threads: number;
}

export interface TrialRunning {
  readonly config: SearchConfig;
  /** Trials of it that are asked for again are not run again. */
  readonly journal: Journal;
  readonly log: Log;
  /** Runs trials side by side; one that fails by its own fault comes back as failed. */
  readonly run: (architectures: readonly Architecture[], group: TrialGroup) => Promise<readonly Trial[]>;
}

/**
 * Trials of these architectures, in their order: as many side by side as there are threads, since two trainings of one thread are done
 * sooner than one after the other with two. Every new one goes into the journal and the report. A trial has the threads that it would
 * have in an unbroken search, whether the journal holds those beside it or not.
 */
export async function* runTrials(
  { config, journal, log, run }: TrialRunning,
  architectures: readonly Architecture[],
  episode: number,
): AsyncGenerator<Trial> {
  const known = new Map(journal.trials.map((trial) => [architectureKey(trial.architecture), trial]));
  for (const group of groupsOf(architectures, config.threads)) {
    const threads = Math.floor(config.threads / group.length);
    const missing = group.filter((a) => !known.has(architectureKey(a)));
    const fresh = missing.length === 0 ? [] : await run(missing, { episode, threads });
    for (const trial of fresh) {
      known.set(architectureKey(trial.architecture), trial);
      note(trial, { config, journal, log });
    }
    for (const a of group) yield must(known.get(architectureKey(a)));
  }
}

/** How many trials of a full episode go on at the same time. */
export function trialsTogether({ threads, effort }: Pick<SearchConfig, "threads" | "effort">): number {
  return Math.min(threads, effort.trialsPerEpisode);
}

function note(trial: Trial, { config, journal, log }: Pick<TrialRunning, "config" | "journal" | "log">): void {
  if (!journal.append(trial))
    log("journal · the disk is full: the trial waits in memory and is written when there is room");
  keepReport(config, log);
}

function groupsOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
