/** Mean and deviation of every dimension. */
export interface Scaler {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Fits over rows [*, width] of several arrays. A constant dimension gets deviation 1, so that it stays 0. */
export function fitScaler(samples: readonly Float32Array[], width: number): Scaler {
  const sum = new Float64Array(width);
  const squares = new Float64Array(width);
  let rows = 0;
  for (const sample of samples) {
    rows += sample.length / width;
    for (let i = 0; i < sample.length; i++) {
      const x = sample[i] as number;
      sum[i % width] = (sum[i % width] as number) + x;
      squares[i % width] = (squares[i % width] as number) + x * x;
    }
  }
  const mean = Float32Array.from(sum, (s) => s / rows);
  const deviation = Float32Array.from(
    squares,
    (s, k) => Math.sqrt(Math.max(0, s / rows - (mean[k] as number) ** 2)) || 1,
  );
  return { mean, deviation };
}
