import type { Architecture } from "../../src/contract/architecture.ts";
import type { Space } from "../space/space.ts";
import type { Objective, Trial } from "../space/trial.ts";
import { createBayesianController } from "./bayesian.ts";
import { createEvolutionController } from "./evolution.ts";
import { createPolicyController } from "./policy.ts";
import { createRandomController } from "./random.ts";

/**
 * Proposes what to distil next and learns from what came of it.
 *
 * What a controller proposes depends on its options and on the trials it was told, on nothing else. So a search that
 * was killed goes on as if it had not been: tell the finished episodes from the journal, propose again, and skip what
 * the journal already holds of the episode that was cut.
 */
export interface Controller {
  /** Architectures that are valid and neither told nor proposed before; fewer than `count` when the space runs out. */
  propose(count: number): Promise<Architecture[]>;
  /** Trials in the order of the journal; failed ones count as seen. */
  tell(trials: readonly Trial[]): Promise<void>;
  state(): ControllerState;
}

/** For progress lines and reports; a controller is restored by telling it the trials, not from this. */
export interface ControllerState {
  readonly kind: ControllerKind;
  /** The episode that the next proposals belong to. */
  readonly episode: number;
  readonly told: number;
  readonly failed: number;
  /** Share of proposals that are drawn at random in this episode. */
  readonly epsilon: number;
  /** The best architecture so far, an entry an objective. */
  readonly best: readonly {
    readonly objective: string;
    readonly reward: number;
    readonly architecture: Architecture;
  }[];
}

export interface ControllerOptions {
  readonly space: Space;
  readonly seed: number;
  /** Episodes the search is planned for; exploration fades over them. */
  readonly episodes: number;
  /** Proposals are dealt out to the objectives in turn. */
  readonly objectives: readonly [Objective, ...Objective[]];
  /** Trials of earlier searches to learn from; their architectures may be proposed again. @default none */
  readonly earlier?: readonly Trial[];
}

export const controllerKinds = ["bayesian", "policy", "evolution", "random"] as const;
export type ControllerKind = (typeof controllerKinds)[number];

export function createController(kind: ControllerKind, options: ControllerOptions): Controller {
  switch (kind) {
    case "bayesian":
      return createBayesianController(options);
    case "policy":
      return createPolicyController(options);
    case "evolution":
      return createEvolutionController(options);
    case "random":
      return createRandomController(options);
    default:
      return kind satisfies never;
  }
}
