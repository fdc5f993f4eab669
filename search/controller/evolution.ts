import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import type { Random } from "../../src/random.ts";
import { crossover, mutate } from "../space/space.ts";
import type { Objective, OkTrial } from "../space/trial.ts";
import type { Controller, ControllerOptions } from "./controller.ts";
import { bestTrial, createHistory, type History, nextObjective, proposeOneByOne, sampleUnseen } from "./history.ts";

/**
 * Regularised evolution (Real et al. 2019, arXiv 1802.01548): the best of a random few among the youngest trials has a
 * child; trials leave the population by age, not by worth, so a lucky measurement does not rule for long.
 */
const POPULATION = 32;
const TOURNAMENT = 10;
/** Trials that are drawn at random before anything is bred. */
const FOUNDERS = 12;
const CROSSOVER_SHARE = 0.25;

export function createEvolutionController(options: ControllerOptions): Controller {
  const history = createHistory(options);
  return {
    propose: (count) => Promise.resolve(proposeOneByOne(history, count, () => breed(options, history))),
    tell: (trials) => Promise.resolve(history.tell(trials)),
    state: () => history.state("evolution", history.known().length < FOUNDERS ? 1 : 0),
  };
}

function breed(options: ControllerOptions, history: History): Architecture | null {
  const { space } = options;
  const objective = nextObjective(options, history);
  const random = history.random("breed");
  const population = history.known().slice(-POPULATION);
  if (population.length < FOUNDERS) return sampleUnseen(space, random, history.isSeen);
  for (let attempt = 0; attempt < 64; attempt++) {
    const mother = tournament(population, objective, random);
    const father = tournament(population, objective, random);
    const child =
      random.next() < CROSSOVER_SHARE
        ? crossover(space, mother.architecture, father.architecture, random)
        : mutate(space, mother.architecture, random);
    if (!history.isSeen(child)) return child;
  }
  return sampleUnseen(space, random, history.isSeen);
}

function tournament(population: readonly OkTrial[], objective: Objective, random: Random): OkTrial {
  const entrants = Array.from({ length: TOURNAMENT }, () => must(population[random.int(population.length)]));
  return must(bestTrial(entrants, objective));
}
