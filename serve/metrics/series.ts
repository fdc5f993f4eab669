import type { Metric, Registry } from "prom-client";
import { must } from "../../src/invariant.ts";

/**
 * Histograms and counters that are touched by every text. prom-client's own take 1 to 2 µs for each observation, of which a
 * text has eight; a static student takes 20. These keep plain arrays and speak prom-client's form when they are scraped.
 */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers: readonly Registry[];
}

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
  readonly value: number;
}

export class SeriesHistogram {
  private readonly buckets: readonly number[];
  private readonly family: Family;
  /** By label values: observations of each bucket (the last one is beyond all bounds), and their sum. */
  private readonly series = new Map<string, { readonly values: readonly string[]; counts: number[]; sum: number }>();

  constructor({ buckets, ...family }: Family & { readonly buckets: readonly number[] }) {
    this.family = family;
    this.buckets = buckets;
    register(family, "histogram", () => this.samples());
  }

  /** Counts a value `times` over; a series begins with its first call, also with 0 times. Labels in their names' order. */
  observe(labels: readonly string[], value: number, times = 1): void {
    const series = this.seriesOf(labels);
    let at = 0;
    while (at < this.buckets.length && value > must(this.buckets[at])) at++;
    series.counts[at] = must(series.counts[at]) + times;
    series.sum += value * times;
  }

  private seriesOf(values: readonly string[]) {
    const key = values.join("\n");
    let series = this.series.get(key);
    if (series === undefined) {
      series = { values, counts: new Array<number>(this.buckets.length + 1).fill(0), sum: 0 };
      this.series.set(key, series);
    }
    return series;
  }

  private samples(): Sample[] {
    const { name, labelNames } = this.family;
    return [...this.series.values()].flatMap(({ values, counts, sum }) => {
      const labels = toLabels(labelNames, values);
      let count = 0;
      const buckets = counts.map((own, i) => {
        count += own;
        return { labels: { le: this.buckets[i] ?? "+Inf", ...labels }, metricName: `${name}_bucket`, value: count };
      });
      const total = { labels, metricName: `${name}_count`, value: count };
      return [...buckets, { labels, metricName: `${name}_sum`, value: sum }, total];
    });
  }
}

export class SeriesCounter {
  private readonly series = new Map<string, { readonly values: readonly string[]; count: number }>();

  constructor(family: Family) {
    register(family, "counter", () =>
      [...this.series.values()].map(({ values, count }) => ({
        labels: toLabels(family.labelNames, values),
        value: count,
      })),
    );
  }

  /** Labels in their names' order. */
  add(labels: readonly string[], times: number): void {
    const key = labels.join("\n");
    const series = this.series.get(key);
    if (series === undefined) this.series.set(key, { values: labels, count: times });
    else series.count += times;
  }
}

/** The registry asks a metric for no more than its name and its values. */
function register({ name, help, registers }: Family, type: string, samples: () => Sample[]): void {
  const get = async () => ({ name, help, type, aggregator: "sum", values: samples() });
  for (const registry of registers) registry.registerMetric({ name, help, type, get } as unknown as Metric);
}

function toLabels(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, must(values[i])]));
}
