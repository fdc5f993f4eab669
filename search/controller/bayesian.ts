import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import type { Random } from "../../src/random.ts";
import { encode, enumerate } from "../space/space.ts";
import type { OkTrial } from "../space/trial.ts";
import type { Controller, ControllerOptions } from "./controller.ts";
import { fitRegression, type Place, type Regression } from "./gaussian-process.ts";
import { BEFORE_THE_FIRST, createHistory, type History, proposeOneByOne } from "./history.ts";
import { expectedGain, type GridPoint, latencyGrid, staircaseOf } from "./improvement.ts";

/**
 * Bayesian optimisation for all budgets at once. Two ensembles of Gaussian processes predict loss and ln(latency) of every
 * architecture of the space, with their uncertainty; proposed is the one with the greatest expected improvement over all that
 * is known, summed over the latencies up to the largest budget. So a proposal goes to the budget with the most to gain, or to
 * several that one architecture serves. Each proposal is taken to end as predicted before the next is chosen (Ginsbourger et
 * al. 2010, the "kriging believer"), or the proposals of an episode would be neighbours.
 *
 * Beyond the architecture the processes know from which search an example is: earlier ones may have had another teacher or
 * proxy. How far they agree with this one is learned.
 */

/** Trials that are spread over the space before anything is predicted. */
const FOUNDERS = 6;
/** Random architectures of which the one farthest from all known is the next founder. */
const FOUNDER_POOL = 32;

/** Groups of examples. */
const EARLIER = 0;
const OWN = 1;

/** An architecture as the processes see it, if it is or were tried in this search. */
interface Candidate extends Place {
  readonly architecture: Architecture;
}

export function createBayesianController(options: ControllerOptions): Controller {
  const history = createHistory(options);
  const space = enumerate(options.space).map((architecture) => toCandidate(options, architecture, OWN));
  const isFounding = () => history.known().length < FOUNDERS;
  const propose = (count: number) => {
    const left = () => space.filter(({ architecture }) => !history.isSeen(architecture));
    const pick = isFounding() ? founderPicker(options, history) : improvementPicker(options, history, space);
    return proposeOneByOne(history, count, () => pick(left()));
  };
  return {
    propose: (count) => Promise.resolve(count === 0 ? [] : propose(count)),
    tell: (trials) => Promise.resolve(history.tell(trials)),
    state: () => history.state("bayesian", isFounding() ? 1 : 0),
  };
}

function toCandidate({ space }: ControllerOptions, architecture: Architecture, group: number): Candidate {
  return { architecture, features: encode(space, architecture), group };
}

type Picker = (left: readonly Candidate[]) => Architecture | null;

/** Of a random few the one whose nearest neighbour among those tried and chosen is farthest away. */
function founderPicker({ space }: ControllerOptions, history: History): Picker {
  const taken = history.trials.map(({ architecture }) => encode(space, architecture));
  return (left) => {
    if (left.length === 0) return null;
    const random = history.random("sample");
    const pool = Array.from({ length: FOUNDER_POOL }, () => must(left[random.int(left.length)]));
    const room = ({ features }: Candidate) => Math.min(...taken.map((other) => squaredDistance(features, other)));
    const founder = pool.reduce((best, candidate) => (room(candidate) > room(best) ? candidate : best));
    taken.push([...founder.features]);
    return founder.architecture;
  };
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + (x - must(b[i])) ** 2, 0);
}

function improvementPicker(options: ControllerOptions, history: History, space: readonly Candidate[]): Picker {
  const { loss, logLatency } = regressions(options, history.known(), history.random("fit"));
  const latencies = new Map(space.map((candidate, i) => [candidate, must(logLatency.predict([must(space[i])])[0])]));
  const own = history.usable().map((trial) => ({ loss: trial.loss, logLatency: Math.log(trial.latencyMs) }));
  const grid = gridOf(options, history.known());
  let believed = loss;
  return (left) => {
    if (left.length === 0) return null;
    const losses = believed.predict(left);
    const reference = Math.max(...(own.length > 0 ? own.map((k) => k.loss) : losses.map(({ mean }) => mean)));
    const stairs = staircaseOf(grid, own, reference);
    const gains = left.map((candidate, i) =>
      expectedGain(grid, stairs, must(losses[i]), must(latencies.get(candidate))),
    );
    const at = gains.reduce((best, gain, i) => (gain > must(gains[best]) ? i : best), 0);
    const chosen = must(left[at]);
    const expected = must(losses[at]).mean;
    own.push({ loss: expected, logLatency: must(latencies.get(chosen)).mean });
    believed = believed.with([{ ...chosen, value: expected }]);
    return chosen.architecture;
  };
}

function regressions(
  options: ControllerOptions,
  known: readonly OkTrial[],
  random: Random,
): { loss: Regression; logLatency: Regression } {
  const places = known.map((trial) => ({
    trial,
    place: toCandidate(options, trial.architecture, trial.episode === BEFORE_THE_FIRST ? EARLIER : OWN),
  }));
  return {
    loss: fitRegression(
      places.map(({ trial, place }) => ({ ...place, value: trial.loss })),
      random,
    ),
    logLatency: fitRegression(
      places.map(({ trial, place }) => ({ ...place, value: Math.log(trial.latencyMs) })),
      random,
    ),
  };
}

/** From the fastest known to the largest budget. */
function gridOf({ objectives }: ControllerOptions, known: readonly OkTrial[]): GridPoint[] {
  const latencies = known.map(({ latencyMs }) => latencyMs);
  const budgets = objectives.map(({ budgetMs }) => budgetMs);
  return latencyGrid(Math.min(...latencies, ...budgets), Math.max(...budgets), budgets);
}
