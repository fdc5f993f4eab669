import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { mean } from "../../src/stats.ts";
import { architectureKey, ENCODED_LENGTH, encode, type Space, sampleArchitecture } from "../space/space.ts";
import type { Objective, OkTrial } from "../space/trial.ts";
import type { Controller, ControllerOptions } from "./controller.ts";
import { createHistory, type History, nextObjective, proposeOneByOne, sampleUnseen, worth } from "./history.ts";
import { type Predictor, trainPredictor } from "./policy-network.ts";

/**
 * The controller of KD-NAS (arXiv 2303.09639): an LSTM reads the previous episode's best, the best so far and a
 * candidate, and tells what distilling the candidate would give. With probability epsilon, which fades from 1 to 0.05
 * over the episodes, a proposal is random; else it is the best-rated of a random pool.
 *
 * Beyond the paper, the LSTM predicts loss and latency apart from each other; the objectives turn them into rewards.
 * So one history serves every latency budget. It is trained anew from all trials before each episode: that takes about
 * a second, and makes the proposals a function of the journal alone.
 */
const EPSILON_FIRST = 1;
const EPSILON_LAST = 0.05;
/** Random candidates that are rated for each call of `propose`. */
const POOL = 400;
/** Fewer successful trials than this teach the network nothing. */
const MIN_TRIALS = 4;

/** Features of a step: the architecture, then loss and ln(latency) with a flag that says whether they are known. */
const STEP_LENGTH = ENCODED_LENGTH + 3;

export function createPolicyController(options: ControllerOptions): Controller {
  const history = createHistory(options);
  const epsilon = () => epsilonAt(history.episode(), options.episodes);
  return {
    propose: (count) => proposeRated(options, history, epsilon(), count),
    tell: (trials) => Promise.resolve(history.tell(trials)),
    state: () => history.state("policy", epsilon()),
  };
}

/**
 * Exploration fades geometrically from the first to the last planned episode and stays there. On a synthetic space this
 * ended nearer to the optimum of every budget than a linear fade at equal cost.
 */
export function epsilonAt(episode: number, episodes: number): number {
  const done = episodes <= 1 ? 1 : Math.min(1, episode / (episodes - 1));
  return EPSILON_FIRST * (EPSILON_LAST / EPSILON_FIRST) ** done;
}

async function proposeRated(options: ControllerOptions, history: History, epsilon: number, count: number) {
  const { space } = options;
  const draws = history.random("explore");
  const isRandom = Array.from({ length: count }, () => draws.next() < epsilon);
  const learns = history.known().length >= MIN_TRIALS && isRandom.includes(false);
  const rated = learns ? await ratePool(options, history) : [];
  return proposeOneByOne(history, count, (slot) => {
    const pick = isRandom[slot] ? null : bestRated(rated, nextObjective(options, history), history.isSeen);
    return pick ?? sampleUnseen(space, history.random("sample"), history.isSeen);
  });
}

/** A candidate with what the network expects of it. */
interface Rated {
  readonly architecture: Architecture;
  readonly loss: number;
  readonly latencyMs: number;
}

function bestRated(rated: readonly Rated[], objective: Objective, isSeen: (a: Architecture) => boolean) {
  let best: { architecture: Architecture; reward: number } | null = null;
  for (const { architecture, loss, latencyMs } of rated) {
    const reward = objective.reward(loss, latencyMs);
    if ((best === null || reward > best.reward) && !isSeen(architecture)) best = { architecture, reward };
  }
  return best?.architecture ?? null;
}

async function ratePool(options: ControllerOptions, history: History): Promise<Rated[]> {
  const { space } = options;
  const random = history.random("pool");
  const pool = new Map<string, Architecture>();
  for (let i = 0; i < POOL; i++) {
    const candidate = sampleArchitecture(space, random);
    pool.set(architectureKey(candidate), candidate);
  }
  const predictor = await trainOn(options, history.known());
  try {
    const context = contextAt(options, history.known(), history.episode());
    const candidates = [...pool.values()];
    const predicted = predictor.predict(candidates.map((candidate) => [...context, step(space, candidate, null)]));
    return candidates.map((architecture, i) => {
      const [loss, logLatency] = must(predicted[i]) as [number, number];
      return { architecture, loss: Math.max(0, loss), latencyMs: Math.exp(logLatency) };
    });
  } finally {
    predictor.dispose();
  }
}

/** Each trial is an example: what was known when its episode began, and what came of it. */
function trainOn(options: ControllerOptions, trials: readonly OkTrial[]): Promise<Predictor> {
  const contexts = new Map<number, number[][]>();
  const examples = trials.map((trial) => {
    const context = contexts.get(trial.episode) ?? contextAt(options, trials, trial.episode);
    contexts.set(trial.episode, context);
    return {
      steps: [...context, step(options.space, trial.architecture, null)],
      targets: [trial.loss, Math.log(trial.latencyMs)],
    };
  });
  return trainPredictor(examples, options.seed);
}

/** Steps of the best trial of the episode before `episode` and of the best of all before it; zeros where none is. */
function contextAt({ space, objectives }: ControllerOptions, trials: readonly OkTrial[], episode: number): number[][] {
  const before = trials.filter((trial) => trial.episode < episode);
  const previous = before.filter((trial) => trial.episode === episode - 1);
  return [previous, before].map((some) => {
    const best = bestOverall(some, objectives);
    return best === null ? new Array<number>(STEP_LENGTH).fill(0) : step(space, best.architecture, best);
  });
}

function bestOverall(trials: readonly OkTrial[], objectives: readonly Objective[]): OkTrial | null {
  const overall = (trial: OkTrial) => mean(objectives.map((objective) => worth(trial, objective)));
  return trials.reduce<OkTrial | null>((a, b) => (a === null || overall(b) > overall(a) ? b : a), null);
}

function step(space: Space, architecture: Architecture, outcome: OkTrial | null): number[] {
  const known = outcome === null ? [0, 0, 0] : [outcome.loss, Math.log(outcome.latencyMs) / 5, 1];
  return [...encode(space, architecture), ...known];
}
