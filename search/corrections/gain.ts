import { invariant, must } from "../../src/invariant.ts";
import { mean } from "../../src/stats.ts";

/** What fine-tuning did to the held-out corrections. */
export interface Gain {
  /** Mean rightness, in [0, 1], before and after. */
  readonly rightBefore: number;
  readonly right: number;
  /** How many corrections the student is more right about than it was, and less. */
  readonly better: number;
  readonly worse: number;
}

/** @param before rightness of each correction, in the order of `after` */
export function gainOf(before: readonly number[], after: readonly number[]): Gain {
  invariant(before.length === after.length, "both students are asked about the same corrections");
  const moved = after.map((right, i) => Math.sign(right - must(before[i])));
  const count = (sign: number) => moved.filter((one) => one === sign).length;
  return { rightBefore: mean(before), right: mean(after), better: count(1), worse: count(-1) };
}

/**
 * How likely chance alone makes at least so many better and no more worse (the exact sign test, of labels McNemar's): the upper
 * tail of so many throws of a fair coin.
 */
export function chanceOf({ better, worse }: Pick<Gain, "better" | "worse">): number {
  const throws = better + worse;
  let [logWays, sum] = [0, 0];
  for (let k = 0; k <= throws; k++) {
    if (k >= better) sum += Math.exp(logWays - throws * Math.LN2);
    logWays += Math.log((throws - k) / (k + 1));
  }
  return sum;
}
