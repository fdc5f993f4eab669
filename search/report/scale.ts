/** Maps values of a domain onto pixels, with the values that deserve a tick. Knows nothing of SVG. */
export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

/** Linear, from a domain widened to round numbers. */
export function linearScale(values: readonly number[], [from, to]: readonly [number, number], wanted = 5): Scale {
  const [least, most] = extent(values);
  const step = roundStep((most - least) / wanted || Math.abs(most) / wanted || 1);
  const [low, high] = [
    Math.floor(least / step) * step,
    Math.max(Math.ceil(most / step), Math.floor(least / step) + 1) * step,
  ];
  const scale = (value: number) => from + ((value - low) / (high - low)) * (to - from);
  const steps = Math.round((high - low) / step);
  return Object.assign(scale, {
    ticks: Array.from({ length: steps + 1 }, (_, i) => Number((low + i * step).toPrecision(12))),
  });
}

/** Logarithmic, with some air on both sides; ticks at 1, 2 and 5 of each decade. */
export function logScale(values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const [least, most] = extent(values);
  const [low, high] = [Math.log(least / 1.3), Math.log(most * 1.3)];
  const scale = (value: number) => from + ((Math.log(value) - low) / (high - low)) * (to - from);
  const decades = Array.from({ length: 12 }, (_, i) => 10 ** (i - 5));
  const candidates = decades
    .flatMap((decade) => [decade, 2 * decade, 5 * decade])
    .map((tick) => Number(tick.toPrecision(2)));
  const inside = candidates.filter((tick) => Math.log(tick) >= low && Math.log(tick) <= high);
  const isDecade = (tick: number) => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9;
  return Object.assign(scale, { ticks: inside.length > 9 ? inside.filter(isDecade) : inside });
}

/** 1, 2 or 5 times a power of ten, not below `step`. */
function roundStep(step: number): number {
  const decade = 10 ** Math.floor(Math.log10(step));
  return ([1, 2, 5].find((factor) => factor * decade >= step * 0.999) ?? 10) * decade;
}

function extent(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}
