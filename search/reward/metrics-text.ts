import { UpstreamError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";

/** Prometheus text exposition format 0.0.4, the part of it that carries numbers: types and help are skipped. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since 1970, where the line carries a time. */
  readonly timestampMs?: number;
}

export interface Histogram {
  readonly labels: Readonly<Record<string, string>>;
  /** Ascending upper bounds, the last one infinite, each with the number of observations up to it. */
  readonly buckets: readonly { readonly le: number; readonly cumulative: number }[];
  readonly sum: number;
  readonly count: number;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\})?\s*(\S+)(?:\s+(-?\d+))?$/;
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y;

/** All samples of the text in their order. @throws {UpstreamError} naming the line that is not of the format. */
export function parseMetricsText(text: string): Sample[] {
  const samples: Sample[] = [];
  text.split("\n").forEach((raw, index) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return;
    samples.push(parseSample(line, index + 1));
  });
  return samples;
}

function parseSample(line: string, number: number): Sample {
  const match = SAMPLE.exec(line);
  const value = toNumber(match?.[3] ?? "");
  const labels = parseLabels(match?.[2] ?? "");
  if (match === null || value === null || labels === null) {
    throw new UpstreamError(`line ${number} is not Prometheus text: ${JSON.stringify(line.slice(0, 80))}`);
  }
  const name = must(match[1]);
  return match[4] === undefined ? { name, labels, value } : { name, labels, value, timestampMs: Number(match[4]) };
}

function parseLabels(text: string): Record<string, string> | null {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.trimEnd().length) {
    const match = LABEL.exec(text);
    if (match === null) return null;
    labels[must(match[1])] = must(match[2]).replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
  }
  return labels;
}

/** A value as Prometheus writes it, infinities and NaN among them; null for anything else. */
export function toNumber(text: string): number | null {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}

/**
 * The histograms of a name, one a label set.
 * @throws {UpstreamError} when one cannot be: counts that fall or are negative, no infinite bucket, a sum that no
 * observations in those buckets can have.
 */
export function toHistograms(samples: readonly Sample[], name: string): Histogram[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    if (![`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(sample.name)) continue;
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(Object.entries(labels).sort());
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.values()].map((group) => toHistogram(group, name));
}

function toHistogram(group: readonly Sample[], name: string): Histogram {
  const { le: _, ...labels } = must(group[0]).labels;
  const readSuffix = (suffix: string) => group.find((sample) => sample.name === name + suffix)?.value ?? Number.NaN;
  const buckets = group
    .filter((sample) => sample.name === `${name}_bucket`)
    .map((sample) => ({ le: toNumber(sample.labels.le ?? "") ?? Number.NaN, cumulative: sample.value }))
    .sort((a, b) => a.le - b.le);
  const histogram = { labels, buckets, sum: readSuffix("_sum"), count: readSuffix("_count") };
  const fault = findFault(histogram);
  if (fault !== null) throw new UpstreamError(`${name}${JSON.stringify(labels)}: absurd histogram: ${fault}`);
  return histogram;
}

function findFault({ buckets, sum, count }: Histogram): string | null {
  if (buckets.some(({ le, cumulative }) => Number.isNaN(le) || !Number.isFinite(cumulative))) return "a broken bucket";
  if (buckets.at(-1)?.le !== Number.POSITIVE_INFINITY) return "no +Inf bucket";
  if (buckets.some(({ cumulative }) => cumulative < 0)) return "a negative count";
  if (buckets.some(({ cumulative }, i) => cumulative < (buckets[i - 1]?.cumulative ?? 0)))
    return "counts are not cumulative";
  if (buckets.at(-1)?.cumulative !== count) return "the +Inf bucket differs from the count";
  if (!Number.isFinite(sum) || sum < 0) return `its sum is ${sum}`;
  const [least, most] = sumBounds(buckets);
  return sum < least * 0.999 || sum > most * 1.001 ? `its sum ${sum} lies outside what its buckets allow` : null;
}

/** What observations in these buckets can add up to. */
function sumBounds(buckets: Histogram["buckets"]): [least: number, most: number] {
  let least = 0;
  let most = 0;
  for (const { low, le, count } of toBins(buckets)) {
    if (count === 0) continue;
    least += count * low;
    most += count * le;
  }
  return [least, most];
}

/** Observations per bucket, not cumulative; `low` is the bound below. */
export function toBins(buckets: Histogram["buckets"]): { low: number; le: number; count: number }[] {
  return buckets.map(({ le, cumulative }, i) => ({
    low: buckets[i - 1]?.le ?? 0,
    le,
    count: cumulative - (buckets[i - 1]?.cumulative ?? 0),
  }));
}

/**
 * Quantile as Prometheus computes it: linear inside the bucket; the highest finite bound when it falls past it; NaN
 * without observations.
 */
export function histogramQuantile({ buckets, count }: Histogram, q: number): number {
  if (count === 0) return Number.NaN;
  const rank = q * count;
  const bin = toBins(buckets).find((_, i) => must(buckets[i]).cumulative >= rank);
  const { low, le, count: inside } = must(bin);
  if (le === Number.POSITIVE_INFINITY) return low;
  const below = must(buckets.find((bucket) => bucket.le === le)).cumulative - inside;
  return inside === 0 ? le : low + (le - low) * ((rank - below) / inside);
}
