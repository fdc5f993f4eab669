import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { macsPerToken } from "../space/cost.ts";
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
 * The smaller of two that go on side by side takes at least so much of the larger's time. Trainings with a share of the threads each see
 * more tokens a second together, but the larger goes on with its share alone once the smaller is done: on two cores two 3 x 384 took 64
 * seconds in place of 75, a 2 x 312 and a 3 x 384 took 59 in place of 57.
 */
const leastAlike = 0.7;

/**
 * Trials of these architectures, in their order, those of like size side by side. Every new one goes into the journal and the report. A
 * trial has the threads that it would have in an unbroken search, whether the journal holds those beside it or not.
 */
export async function* runTrials(
  { config, journal, log, run }: TrialRunning,
  architectures: readonly Architecture[],
  episode: number,
): AsyncGenerator<Trial> {
  const known = new Map(journal.trials.map((trial) => [architectureKey(trial.architecture), trial]));
  for (const group of groupsOf(architectures, config.threads, (a) => a)) {
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

/** Those trials that had the machine for themselves, by which its speed is told. */
export function ranAlone(trials: readonly Trial[], threads: number): Trial[] {
  const episodes = [...new Set(trials.map(({ episode }) => episode))];
  const groups = episodes.flatMap((episode) =>
    groupsOf(
      trials.filter((trial) => trial.episode === episode),
      threads,
      ({ architecture }) => architecture,
    ),
  );
  return groups.filter(({ length }) => length === 1).flat();
}

function note(trial: Trial, { config, journal, log }: Pick<TrialRunning, "config" | "journal" | "log">): void {
  if (!journal.append(trial))
    log("journal · the disk is full: the trial waits in memory and is written when there is room");
  keepReport(config, log);
}

/** Neighbours that are alike, as many as there are threads. */
function groupsOf<T>(items: readonly T[], threads: number, architectureOf: (item: T) => Architecture): T[][] {
  const groups: T[][] = [];
  for (const item of items) {
    const last = groups.at(-1) ?? [];
    const fits = last.every((other) => areAlike(architectureOf(item), architectureOf(other)));
    if (fits && last.length > 0 && last.length < threads) last.push(item);
    else groups.push([item]);
  }
  return groups;
}

function areAlike(a: Architecture, b: Architecture): boolean {
  const [less, more] = [macsPerToken(a), macsPerToken(b)].sort((x, y) => x - y) as [number, number];
  return less >= leastAlike * more;
}
