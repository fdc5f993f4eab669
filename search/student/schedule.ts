/** Learning rate over a training: linear warm-up to `peak`, then linear decay to `floor · peak`. */
export interface Schedule {
  readonly peak: number;
  /** Share of the training that warms up. @default 0.06 */
  readonly warmup?: number;
  /** @default 0.02 */
  readonly floor?: number;
}

/** The rate when `done` in [0, 1] of the training lies behind. */
export function learningRateAt({ peak, warmup = 0.06, floor = 0.02 }: Schedule, done: number): number {
  if (done < warmup) return peak * Math.max(done / warmup, 0.02);
  return peak * Math.max(floor, (1 - done) / (1 - warmup));
}
