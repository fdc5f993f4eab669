import { quantile } from "../../src/stats.ts";

const window = 1000;

/** The last thousand times, for quantiles that are exact. */
export class RecentTimes {
  private readonly times = new Float64Array(window);
  private count = 0;

  add(ms: number): void {
    this.times[this.count++ % window] = ms;
  }

  /** NaN before the first. */
  quantileMs(q: number): number {
    return quantile(this.times.subarray(0, Math.min(this.count, window)), q);
  }
}
