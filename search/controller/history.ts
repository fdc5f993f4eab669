import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { architectureKey, enumerate, isValid, type Space, sampleArchitecture } from "../space/space.ts";
import { type Objective, type OkTrial, okTrials, type Trial } from "../space/trial.ts";
import type { ControllerKind, ControllerOptions, ControllerState } from "./controller.ts";

/** What every controller remembers: the trials it was told and the proposals whose outcome it awaits. */
export interface History {
  readonly trials: readonly Trial[];
  /** The episode that the next proposals belong to. */
  episode(): number;
  /** Successful trials of this search whose architecture lies in the space. */
  usable(): OkTrial[];
  /** Those of earlier searches, as of an episode before the first, and then those of this one. */
  known(): OkTrial[];
  isSeen(architecture: Architecture): boolean;
  /** Number of architectures told or proposed. */
  proposed(): number;
  /**
   * Random numbers of the next proposal: a function of the seed and of what was told and proposed. Draws for different
   * purposes take different streams, or they would be copies of each other.
   */
  random(stream: (typeof STREAMS)[number]): Random;
  propose(architecture: Architecture): void;
  tell(trials: readonly Trial[]): void;
  state(kind: ControllerKind, epsilon: number): ControllerState;
}

const STREAMS = ["sample", "explore", "pool", "breed", "fit"] as const;

/** Episode of the trials of earlier searches. */
export const BEFORE_THE_FIRST = -1;

export function createHistory({ space, seed, objectives, earlier = [] }: ControllerOptions): History {
  const trials: Trial[] = [];
  const told = new Set<string>();
  const pending = new Set<string>();
  const episode = () => trials.reduce((last, trial) => Math.max(last, trial.episode + 1), 0);
  const before = usableTrials(space, earlier).map((trial) => ({ ...trial, episode: BEFORE_THE_FIRST }));
  return {
    trials,
    episode,
    usable: () => usableTrials(space, trials),
    known: () => [...before, ...usableTrials(space, trials)],
    isSeen: (architecture) => told.has(architectureKey(architecture)) || pending.has(architectureKey(architecture)),
    proposed: () => trials.length + pending.size,
    random: (stream) => {
      const turn = (trials.length + pending.size) * STREAMS.length + STREAMS.indexOf(stream);
      return createRandom(Math.imul(seed + 1, 0x9e3779b1) ^ turn);
    },
    propose: (architecture) => void pending.add(architectureKey(architecture)),
    tell: (more) => {
      for (const trial of more) {
        trials.push(trial);
        told.add(architectureKey(trial.architecture));
        pending.delete(architectureKey(trial.architecture));
      }
    },
    state: (kind, epsilon) => ({
      kind,
      episode: episode(),
      told: trials.length,
      failed: trials.length - okTrials(trials).length,
      epsilon,
      best: bestByObjective(okTrials(trials), objectives),
    }),
  };
}

/** What a controller learns from: the successful trials whose architecture lies in the space. */
export function usableTrials(space: Space, trials: readonly Trial[]): OkTrial[] {
  return okTrials(trials).filter((trial) => isValid(space, trial.architecture));
}

/** Fills the slots of an episode one after the other; stops early when the space has nothing left. */
export function proposeOneByOne(
  history: History,
  count: number,
  pick: (slot: number) => Architecture | null,
): Architecture[] {
  const proposals: Architecture[] = [];
  while (proposals.length < count) {
    const architecture = pick(proposals.length);
    if (architecture === null) break;
    history.propose(architecture);
    proposals.push(architecture);
  }
  return proposals;
}

/** Objectives take turns over the proposals. */
export function nextObjective({ objectives }: ControllerOptions, history: History): Objective {
  return must(objectives[history.proposed() % objectives.length]);
}

/** The trial an objective values most; null when there is none. */
export function bestTrial(trials: readonly OkTrial[], objective: Objective): OkTrial | null {
  let best: OkTrial | null = null;
  for (const trial of trials) if (best === null || worth(trial, objective) > worth(best, objective)) best = trial;
  return best;
}

export function worth(trial: OkTrial, objective: Objective): number {
  return objective.reward(trial.loss, trial.latencyMs);
}

/** A random architecture that was not seen; when sampling keeps missing, one of those left; null when none is. */
export function sampleUnseen(space: Space, random: Random, isSeen: (a: Architecture) => boolean): Architecture | null {
  for (let attempt = 0; attempt < 64; attempt++) {
    const architecture = sampleArchitecture(space, random);
    if (!isSeen(architecture)) return architecture;
  }
  const left = enumerate(space).filter((architecture) => !isSeen(architecture));
  return left.length === 0 ? null : must(left[random.int(left.length)]);
}

function bestByObjective(trials: readonly OkTrial[], objectives: readonly Objective[]): ControllerState["best"] {
  return objectives.flatMap((objective) => {
    const best = bestTrial(trials, objective);
    if (best === null) return [];
    return [{ objective: objective.name, reward: worth(best, objective), architecture: best.architecture }];
  });
}
