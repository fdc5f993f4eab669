import { percent } from "../../src/percent.ts";
import { mean, normalShare } from "../../src/stats.ts";
import type { Gain } from "./gain.ts";
import type { SetChange } from "./set-changes.ts";

/**
 * Whether a student that was fine-tuned on corrections takes the place of the one that was. It does unless one of these is shown:
 *
 * 1. A validation set loses more than half a point. Small sets move by several points by chance, so the loss beyond half a point
 *    has to be more than chance would make of any of the sets in one case of twenty (one-sided, Bonferroni over the sets:
 *    Holm's procedure finds a first set by the same bound).
 * 2. The sets lose more than half a point on average, so that many small losses cannot add up. This mean is known to about
 *    a quarter of a point with some thirty sets; of few and small sets the loss has to be more than chance as well. Sets that
 *    gain for sure are left out: what is won on one pays for no loss on others.
 * 3. No more held-out corrections are right, or what users said of them is not likelier to it by more than chance makes in one
 *    case of twenty (paired, one-sided).
 */
interface Judgement {
  readonly changes: readonly SetChange[];
  readonly gain: Gain;
}

/** Points that a validation set, and the mean of all, may lose. */
const mostLost = 0.5;
/** Of refusing a student by chance, and of taking one. */
const chance = 0.05;

/** Why the fine-tuned student must not take the place of the one that was; null when it may. */
export function reasonToStay({ changes, gain }: Judgement): string | null {
  return reasonOfSets(changes) ?? reasonOfMean(changes) ?? reasonOfGain(gain);
}

function reasonOfSets(changes: readonly SetChange[]): string | null {
  const unjudged = changes.find(({ points }) => Number.isNaN(points));
  if (unjudged !== undefined) return `${unjudged.task} on ${unjudged.dataSet} cannot be judged any more`;
  const lost = changes.find(({ points, error }) => chanceOfMore(-points - mostLost, error) < chance / changes.length);
  if (lost === undefined) return null;
  return `${lost.task} on ${lost.dataSet} would lose ${withError(-lost.points, lost.error)} points, more than ${mostLost} and chance`;
}

function reasonOfMean(changes: readonly SetChange[]): string | null {
  const others = changes.filter(({ points, error }) => !(chanceOfMore(points, error) < chance / changes.length));
  const lost = -mean(others.map(({ points }) => points));
  const error = Math.hypot(...others.map((change) => change.error)) / others.length;
  if (!(lost > mostLost && chanceOfMore(lost, error) < chance)) return null;
  return `validation sets would lose ${withError(lost, error)} points on average, more than ${mostLost}`;
}

function reasonOfGain({ rightBefore, right, likelihoodGain, likelihoodError }: Gain): string | null {
  const said = `of the held-out corrections it gets ${percent(right)} right, before ${percent(rightBefore)}`;
  if (!(right > rightBefore)) return `${said}: nothing is gained`;
  if (chanceOfMore(likelihoodGain, likelihoodError) < chance) return null;
  return `${said}, which may be chance: their log-likelihood rises by ${withError(likelihoodGain, likelihoodError)}`;
}

/** How likely chance moves a value with this standard error by so much or more. */
function chanceOfMore(points: number, error: number): number {
  return 1 - normalShare(points / error);
}

function withError(points: number, error: number): string {
  return `${points.toFixed(2)} ± ${error.toFixed(2)}`;
}
