import { must } from "../../src/invariant.ts";
import { type Random, shuffle } from "../../src/random.ts";

export interface BatchLimits {
  /** Rows · padded length stays at or below this. */
  readonly tokens: number;
  readonly rows: number;
}

/** How many batches' worth of shuffled rows are sorted together: enough for little padding, few enough to stay random. */
const poolBatches = 24;

/**
 * One epoch: indices into `lengths`, grouped so that rows of a batch have similar length. Shuffled rows are sorted within
 * pools, cut by the limits, and the batches of a pool are shuffled again.
 */
export function lengthBatches(lengths: ArrayLike<number>, limits: BatchLimits, random: Random): number[][] {
  const order = shuffle(
    Array.from(lengths, (_, i) => i),
    random,
  );
  const batches: number[][] = [];
  for (let at = 0; at < order.length; at += limits.rows * poolBatches) {
    const poolRows = order.slice(at, at + limits.rows * poolBatches);
    poolRows.sort((i, j) => must(lengths[i]) - must(lengths[j]));
    batches.push(...shuffle(cut(poolRows, lengths, limits), random));
  }
  return batches;
}

/** `sorted` is ascending in length, so the last row of a batch sets its padding. */
function cut(sorted: readonly number[], lengths: ArrayLike<number>, limits: BatchLimits): number[][] {
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const index of sorted) {
    const tokens = (batch.length + 1) * must(lengths[index]);
    if (batch.length > 0 && (batch.length === limits.rows || tokens > limits.tokens)) {
      batches.push(batch);
      batch = [];
    }
    batch.push(index);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
