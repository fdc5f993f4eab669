/** Linear warm-up to `peak`, then linear decay to `floor · peak` at `steps`. */
export interface Schedule {
  readonly peak: number;
  readonly steps: number;
  /** @default 0.06 of the steps */
  readonly warmupShare?: number;
  /** @default 0.02 */
  readonly floor?: number;
}

export function learningRateAt(schedule: Schedule, step: number): number {
  const { peak, steps, warmupShare = 0.06, floor = 0.02 } = schedule;
  const warmup = Math.max(1, Math.round(steps * warmupShare));
  if (step < warmup) return (peak * (step + 1)) / warmup;
  const left = Math.max(0, (steps - step) / Math.max(1, steps - warmup));
  return peak * Math.max(floor, left);
}
