/** A line with a band around it; points are [x, low, middle, high]. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, low: number, middle: number, high: number])[];
}

export interface PlotOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
}

const size = { width: 760, height: 440, left: 64, right: 130, top: 48, bottom: 52 };
/** Okabe and Ito's colours, which the colour-blind tell apart. */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"];

/** A self-contained SVG: medians as lines, quartiles as bands, each line named at its end. */
export function linePlot(series: readonly Series[], options: PlotOptions): string {
  const xs = scale(
    series.flatMap(({ points }) => points.map(([x]) => x)),
    [size.left, size.width - size.right],
  );
  const ys = scale(
    series.flatMap(({ points }) => points.flatMap(([, low, , high]) => [low, high])),
    [size.height - size.bottom, size.top],
  );
  const labels = spreadOut(series.map(({ points }) => ys.to(points.at(-1)?.[2] ?? 0)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="13" fill="#222">`,
    `<title>${options.title}</title>`,
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    `<text x="${size.left}" y="24" font-size="15" font-weight="bold">${options.title}</text>`,
    ...ys.ticks.map((tick) => horizontal(tick, ys.to(tick))),
    ...xs.ticks.map((tick) => text(xs.to(tick), size.height - size.bottom + 20, "middle", String(tick))),
    text((size.left + size.width - size.right) / 2, size.height - 12, "middle", options.xLabel),
    text(size.left, size.top - 10, "start", options.yLabel),
    ...series.map((each, i) => band(each, xs.to, ys.to, colourOf(i))),
    ...series.map((each, i) => line(each, xs.to, ys.to, colourOf(i))),
    ...series.map(({ name }, i) => text(size.width - size.right + 8, (labels[i] ?? 0) + 4, "start", name, colourOf(i))),
    "</svg>",
  ].join("\n");
}

type Mapping = (value: number) => number;

/** Maps the values' range, opened to round numbers, onto pixels. */
function scale(values: readonly number[], [from, to]: readonly [number, number]): { to: Mapping; ticks: number[] } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const rough = (high - low || 1) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1);
  const [first, last] = [Math.floor(low / step), Math.ceil(high / step)];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(6)));
  const [start, end] = [first * step, last * step];
  return { to: (value) => from + ((value - start) / (end - start || 1)) * (to - from), ticks };
}

/** Names that would cover each other move apart. */
function spreadOut(heights: readonly number[]): number[] {
  const order = [...heights.keys()].sort((a, b) => (heights[a] as number) - (heights[b] as number));
  const out = [...heights];
  let last = Number.NEGATIVE_INFINITY;
  for (const i of order) {
    last = Math.max(out[i] as number, last + 16);
    out[i] = last;
  }
  return out;
}

function horizontal(tick: number, y: number): string {
  const rule = `<line x1="${size.left}" x2="${size.width - size.right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="#ddd"/>`;
  return rule + text(size.left - 8, y + 4, "end", String(tick));
}

function band({ points }: Series, toX: Mapping, toY: Mapping, colour: string): string {
  const there = points.map(([x, , , high]) => pair(toX(x), toY(high)));
  const back = points.map(([x, low]) => pair(toX(x), toY(low))).reverse();
  return `<polygon points="${[...there, ...back].join(" ")}" fill="${colour}" fill-opacity="0.13"/>`;
}

function line({ points }: Series, toX: Mapping, toY: Mapping, colour: string): string {
  const places = points.map(([x, , middle]) => pair(toX(x), toY(middle)));
  return `<polyline points="${places.join(" ")}" fill="none" stroke="${colour}" stroke-width="2.2"/>`;
}

function text(x: number, y: number, anchor: string, content: string, colour = "#222"): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${content}</text>`;
}

function pair(x: number, y: number): string {
  return `${x.toFixed(1)},${y.toFixed(1)}`;
}

function colourOf(i: number): string {
  return colours[i % colours.length] as string;
}
