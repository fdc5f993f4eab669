import type { CurvePoint } from "../../search/distil/distil.ts";

/** Exponents that are tried; curves of distillation lie between. */
const exponents = Array.from({ length: 40 }, (_, i) => 0.05 * (i + 1));

/**
 * Loss expected after `tokens`, from the beginning of a learning curve: loss = floor + scale · tokens^-exponent, by least
 * squares with floor and scale not negative (Domhan et al. 2015 extrapolate curves so).
 */
export function extrapolate(curve: readonly CurvePoint[], tokens: number): number {
  const fits = exponents.map((exponent) => fitWith(curve, exponent));
  const { floor, scale, exponent } = fits.reduce((best, fit) => (fit.error < best.error ? fit : best));
  return floor + scale * tokens ** -exponent;
}

function fitWith(curve: readonly CurvePoint[], exponent: number) {
  const xs = curve.map(({ tokens }) => tokens ** -exponent);
  const ys = curve.map(({ pooledLoss }) => pooledLoss);
  const [mx, my] = [sum(xs) / xs.length, sum(ys) / ys.length];
  const slope = sum(xs.map((x, i) => (x - mx) * ((ys[i] as number) - my))) / sum(xs.map((x) => (x - mx) ** 2));
  const atZero = my - slope * mx;
  const throughZero = sum(xs.map((x, i) => x * (ys[i] as number))) / sum(xs.map((x) => x * x));
  const [floor, scale] = slope < 0 ? [my, 0] : atZero < 0 ? [0, throughZero] : [atZero, slope];
  const error = sum(xs.map((x, i) => (floor + scale * x - (ys[i] as number)) ** 2));
  return { floor, scale, exponent, error };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
