import { normalShare } from "../../src/stats.ts";
import type { Belief } from "./gaussian-process.ts";

/** Expected improvement in two objectives: how much lower the loss gets, at every latency that counts. */

/** A latency, as its natural logarithm, and how much an improvement of the loss at it is worth. */
export interface GridPoint {
  readonly logLatency: number;
  readonly mass: number;
}

/** The least loss within each point's latency, in the order of the grid. */
export type Staircase = readonly number[];

const POINTS = 24;

/**
 * Latencies at equal ratios from the fastest up to the largest budget, and each budget once more. The former make the sum
 * over the grid the area under the front, the latter are what the user asked for; both count half.
 */
export function latencyGrid(fastestMs: number, slowestMs: number, budgetsMs: readonly number[]): GridPoint[] {
  const [low, high] = [Math.log(fastestMs), Math.log(slowestMs)];
  const ladder = Array.from({ length: POINTS }, (_, i) => ({
    logLatency: low + ((i + 1) / POINTS) * (high - low),
    mass: 0.5 / POINTS,
  }));
  const asked = budgetsMs.map((budgetMs) => ({ logLatency: Math.log(budgetMs), mass: 0.5 / budgetsMs.length }));
  return [...ladder, ...asked];
}

/** @param reference loss that counts where nothing is fast enough. */
export function staircaseOf(
  grid: readonly GridPoint[],
  known: readonly { readonly loss: number; readonly logLatency: number }[],
  reference: number,
): Staircase {
  return grid.map((point) =>
    known.reduce((least, k) => (k.logLatency <= point.logLatency ? Math.min(least, k.loss) : least), reference),
  );
}

/** Sum over the grid of mass, probability of being fast enough, and expected improvement of the least loss. */
export function expectedGain(grid: readonly GridPoint[], stairs: Staircase, loss: Belief, logLatency: Belief): number {
  let gain = 0;
  let bestKnown = Number.NaN;
  let improvement = 0;
  for (let i = 0; i < grid.length; i++) {
    const { mass, logLatency: limit } = grid[i] as GridPoint;
    const fast = normalShare((limit - logLatency.mean) / logLatency.deviation);
    if (fast < 1e-4) continue;
    if (bestKnown !== stairs[i]) {
      bestKnown = stairs[i] as number;
      improvement = expectedImprovement(bestKnown, loss);
    }
    gain += mass * fast * improvement;
  }
  return gain;
}

/** E[max(0, best − x)] for a normal x (Jones et al. 1998). */
export function expectedImprovement(best: number, { mean, deviation }: Belief): number {
  const z = (best - mean) / deviation;
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  return Math.max(0, (best - mean) * normalShare(z) + deviation * density);
}
