import { z } from "zod";
import { Architecture } from "../../src/contract/architecture.ts";
import { Latency } from "../../src/contract/manifest.ts";

/** One architecture, distilled on the proxy set and measured. The journal holds one a line. */
const attempted = {
  /** Round of the controller that proposed it, from 0. */
  episode: z.int().nonnegative(),
  architecture: Architecture,
  seed: z.int(),
  /** Tokens trained on. */
  tokens: z.int().nonnegative(),
  /** Wall clock of the whole trial. */
  seconds: z.number().nonnegative(),
};

export const OkTrial = z.strictObject({
  ...attempted,
  status: z.literal("ok"),
  /**
   * Share of the variance of the teacher's pooled state that the student does not explain: 0 perfect, 1 nothing, may exceed 1.
   * Taken on the pooled state, since every architecture has one; the number of token states differs with the depth.
   */
  loss: z.number().nonnegative(),
  /** The same over the mapped token states; a static student has none. */
  hiddenLoss: z.number().nonnegative().optional(),
  /** Latency of the int8 artefact, one thread, per token length. */
  latency: Latency.shape.lengths,
  /** The latency that the rewards are computed from (one length, or expected over a distribution of lengths). */
  latencyMs: z.number().positive(),
  /** The paper's reward, against the teacher. */
  reward: z.number(),
  /** Reward per latency budget, by the budget in ms. */
  rewards: z.record(z.string(), z.number()).optional(),
  parameters: z.int().positive().optional(),
  /** Bytes of the int8 artefact. */
  bytes: z.int().positive().optional(),
});
export type OkTrial = Readonly<z.infer<typeof OkTrial>>;

export const FailedTrial = z.strictObject({
  ...attempted,
  status: z.literal("failed"),
  reason: z.string().min(1),
  reward: z.null(),
});
export type FailedTrial = Readonly<z.infer<typeof FailedTrial>>;

export const Trial = z.discriminatedUnion("status", [OkTrial, FailedTrial]);
export type Trial = Readonly<z.infer<typeof Trial>>;

/** Narrows to the trials that have a loss and a latency. */
export function okTrials(trials: readonly Trial[]): OkTrial[] {
  return trials.filter((trial): trial is OkTrial => trial.status === "ok");
}

/** What a controller maximises: the worth of a loss at a latency. One a budget; `search/reward` makes them. */
export interface Objective {
  readonly name: string;
  /** Latency past which a student is of no use. */
  readonly budgetMs: number;
  reward(loss: number, latencyMs: number): number;
}
