import { Histogram as ClientHistogram, Counter, Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import {
  type Histogram,
  histogramQuantile,
  parseMetricsText,
  toHistograms,
} from "../../../search/reward/metrics-text.ts";
import { UpstreamError } from "../../../src/errors.ts";

describe("parseMetricsText()", () => {
  test("reads what the format allows", () => {
    const text = [
      "# HELP a Some help with a # in it",
      "# TYPE a counter",
      "",
      "a 1",
      'a{x="1",y="two words"} 2.5e-3',
      "a{} 3 1700000000000",
      'a{path="C:\\\\dir\\n\\"q\\"",brace="}{",} +Inf',
      "  a:b_c  NaN  ",
      "a\t-4\r",
    ].join("\n");
    expect(parseMetricsText(text)).toEqual([
      { name: "a", labels: {}, value: 1 },
      { name: "a", labels: { x: "1", y: "two words" }, value: 0.0025 },
      { name: "a", labels: {}, value: 3, timestampMs: 1_700_000_000_000 },
      { name: "a", labels: { path: 'C:\\dir\n"q"', brace: "}{" }, value: Number.POSITIVE_INFINITY },
      { name: "a:b_c", labels: {}, value: Number.NaN },
      { name: "a", labels: {}, value: -4 },
    ]);
  });

  test.each(["<html>", "a", "a one", "a{x=1} 2", 'a{x="1} 2', "1a 2", 'a{x="1" y="2"} 3', '{"json": 1}', "a 1 2 3"])(
    "names the line that is %s",
    (line) => {
      expect(() => parseMetricsText(`ok 1\n${line}`)).toThrow(UpstreamError);
      expect(() => parseMetricsText(`ok 1\n${line}`)).toThrow("line 2 is not Prometheus text");
    },
  );

  test("agrees with prom-client about label values of every kind", async () => {
    const registry = new Registry();
    const counter = new Counter({ name: "c", help: "c", labelNames: ["v"], registers: [registry] });
    const values = ["plain", 'quo"te', "back\\slash", "new\nline", "comma,brace}", "日本語", ""];
    for (const [i, v] of values.entries()) counter.inc({ v }, i + 1);
    const samples = parseMetricsText(await registry.metrics());
    expect(samples.map((sample) => sample.labels.v)).toEqual(values);
    expect(samples.map((sample) => sample.value)).toEqual(values.map((_, i) => i + 1));
  });
});

async function clientHistogram(values: readonly number[]): Promise<Histogram> {
  const registry = new Registry();
  const buckets = [0.1, 0.2, 0.5, 1];
  const histogram = new ClientHistogram({ name: "h", help: "h", labelNames: ["k"], buckets, registers: [registry] });
  for (const value of values) histogram.observe({ k: "a" }, value);
  histogram.zero({ k: "b" });
  const [a, b] = toHistograms(parseMetricsText(await registry.metrics()), "h") as [Histogram, Histogram];
  expect(b).toMatchObject({ labels: { k: "b" }, count: 0, sum: 0 });
  return a;
}

describe("toHistograms()", () => {
  test("reads prom-client's histograms, one a label set", async () => {
    const histogram = await clientHistogram([0.05, 0.15, 0.15, 0.4, 3]);
    expect(histogram).toMatchObject({ labels: { k: "a" }, count: 5 });
    expect(histogram.buckets.map((bucket) => bucket.cumulative)).toEqual([1, 3, 4, 4, 5]);
    expect(histogram.sum).toBeCloseTo(3.75);
  });

  const lines = (buckets: number[], sum: string, count: string) =>
    [
      ...buckets.map((value, i) => `h_bucket{le="${["1", "2", "+Inf"][i]}"} ${value}`),
      `h_sum ${sum}`,
      `h_count ${count}`,
    ].join("\n");
  test.each([
    ["counts are not cumulative", lines([5, 3, 9], "9", "9")],
    ["a negative count", lines([-1, 3, 9], "9", "9")],
    ["no +Inf bucket", lines([1, 3], "9", "3")],
    ["the +Inf bucket differs from the count", lines([1, 3, 9], "9", "8")],
    ["its sum is -9", lines([1, 3, 9], "-9", "9")],
    ["its sum is NaN", lines([1, 3, 9], "NaN", "9")],
    ["a broken bucket", lines([1, Number.NaN, 9], "9", "9")],
    ["its sum 500 lies outside what its buckets allow", lines([1, 9, 9], "500", "9")],
    ["its sum 1 lies outside what its buckets allow", lines([1, 3, 9], "1", "9")],
    ["its sum is NaN", 'h_bucket{le="+Inf"} 0\nh_count 0'],
  ])("refuses a histogram when %s", (reason, text) => {
    expect(() => toHistograms(parseMetricsText(text), "h")).toThrow(`absurd histogram: ${reason}`);
  });
});

describe("histogramQuantile()", () => {
  test("interpolates inside the bucket, as Prometheus does", async () => {
    const histogram = await clientHistogram([0.05, 0.15, 0.15, 0.4]);
    expect(histogramQuantile(histogram, 0.5)).toBeCloseTo(0.15);
    expect(histogramQuantile(histogram, 1)).toBeCloseTo(0.5);
    expect(histogramQuantile(histogram, 0.125)).toBeCloseTo(0.05);
  });

  test("is the last finite bound past it, and NaN of nothing", async () => {
    expect(histogramQuantile(await clientHistogram([3, 4, 5]), 0.5)).toBe(1);
    expect(histogramQuantile({ labels: {}, buckets: [], sum: 0, count: 0 }, 0.5)).toBeNaN();
  });
});
