import { invariant, must } from "../../src/invariant.ts";
import { mean, variance } from "../../src/stats.ts";
import type { Rightness } from "./measure.ts";

/**
 * What fine-tuning did to the held-out corrections. How many become right is what counts, but few ever change, so that it hardly
 * tells a gain from chance; the likelihood of what users said moves with each of them, and is a proper score: it cannot be
 * had by being surer.
 */
export interface Gain {
  /** Mean rightness, in [0, 1], before and after. */
  readonly rightBefore: number;
  readonly right: number;
  /** Mean log-likelihood, in nats, after less that before, and its standard error over corrections. */
  readonly likelihoodGain: number;
  readonly likelihoodError: number;
}

/** @param before of each correction, in the order of `after` */
export function gainOf(before: readonly Rightness[], after: readonly Rightness[]): Gain {
  invariant(before.length === after.length, "both students are asked about the same corrections");
  const gains = after.map(({ logLikelihood }, i) => logLikelihood - must(before[i]).logLikelihood);
  return {
    rightBefore: mean(before.map(({ right }) => right)),
    right: mean(after.map(({ right }) => right)),
    likelihoodGain: mean(gains),
    likelihoodError: Math.sqrt(variance(gains) / gains.length),
  };
}
