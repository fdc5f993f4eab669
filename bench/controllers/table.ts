import { readJournal } from "../../search/explore/journal.ts";
import { architectureKey, enumerate, type Space } from "../../search/space/space.ts";
import type { OkTrial, Trial } from "../../search/space/trial.ts";
import { okTrials } from "../../search/space/trial.ts";
import type { Architecture } from "../../src/contract/architecture.ts";
import { createRandom, shuffle } from "../../src/random.ts";

/**
 * Real trials of a whole space, recorded once (`record-trials`), so that controllers can be compared over many seeds at no
 * cost (as in NAS-Bench-101, Ying et al. 2019). The file is a journal.
 */
export const tablePath = "bench/controllers/trials.jsonl";

/** The search's dimensions with fewer values each, so that every combination can be tried. 263 architectures. */
export function tabledSpace(vocabulary: number): Space {
  return {
    layers: [0, 1, 2, 3, 4, 6],
    hidden: [128, 192, 256, 312, 384],
    headWidths: [26, 32],
    ffnMultiples: [1, 2],
    activations: ["relu", "gelu"],
    tableWidths: [64, 128, 256],
    vocabularies: [vocabulary],
    copiedWidth: 384,
  };
}

/** In an order in which every beginning is a random sample, so that a table cut short is of use. */
export function recordingOrder(space: Space): Architecture[] {
  return shuffle(enumerate(space), createRandom(0));
}

export interface Table {
  readonly space: Space;
  readonly trials: readonly OkTrial[];
  /** What became of an architecture; undefined when it was not recorded. */
  lookUp(architecture: Architecture): Trial | undefined;
}

export function readTable(path: string): Table {
  const { trials } = readJournal(path);
  const byKey = new Map(trials.map((trial) => [architectureKey(trial.architecture), trial]));
  const vocabulary = trials[0]?.architecture.vocabulary ?? 1;
  return {
    space: tabledSpace(vocabulary),
    trials: okTrials(trials),
    lookUp: (architecture) => byKey.get(architectureKey(architecture)),
  };
}
