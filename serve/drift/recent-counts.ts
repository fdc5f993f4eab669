import { type Counts, toCounts } from "../../src/contract/drift.ts";
import { must } from "../../src/invariant.ts";

/** The window is forgotten by this many parts at a time. */
export const slices = 6;

/** How often each category occurred lately: a ring of plain counts, so that it takes no more memory than it did at the start. */
export class RecentCounts {
  private readonly categories: readonly string[];
  private readonly ring: readonly Uint32Array[];
  /** Number of the newest slice since the beginning of time. */
  private newest = 0;

  constructor(categories: readonly string[]) {
    this.categories = categories;
    this.ring = Array.from({ length: slices }, () => new Uint32Array(categories.length));
  }

  /** @param slice number of the slice that is now; it never falls. */
  add(index: number, slice: number): void {
    if (slice > this.newest) this.forget(slice);
    const counts = must(this.ring[slice % slices]);
    counts[index] = must(counts[index]) + 1;
  }

  counts(slice: number): Counts {
    if (slice > this.newest) this.forget(slice);
    const sums = new Float64Array(this.categories.length);
    for (const counts of this.ring) for (let i = 0; i < sums.length; i++) sums[i] = must(sums[i]) + must(counts[i]);
    return toCounts(this.categories, sums);
  }

  private forget(slice: number): void {
    for (let old = Math.max(this.newest + 1, slice - slices + 1); old <= slice; old++)
      must(this.ring[old % slices]).fill(0);
    this.newest = slice;
  }
}
