import { beforeEach, describe, expect, test } from "vitest";
import { parseMetricsText } from "../../../../search/reward/metrics-text.ts";
import { meanRows, meanTokens, readObserved } from "../../../../search/reward/production/observed.ts";
import type { Metrics } from "../../../../serve/metrics/metrics.ts";
import { UpstreamError } from "../../../../src/errors.ts";
import { tinyManifest } from "../../../fixtures/tiny-student.ts";
import { freshMetrics, serveTexts } from "../../metrics-server.ts";

let metrics: Metrics;
beforeEach(() => {
  metrics = freshMetrics([tinyManifest({ name: "small", layers: 0 }), tinyManifest({ name: "large" })]);
});

const read = async (minSamples?: number) => readObserved(parseMetricsText(await metrics.text()), minSamples);

describe("readObserved()", () => {
  test("gives lengths and numbers of texts of each student, and their times", async () => {
    serveTexts(metrics, "small", "sentiment", new Array(60).fill(7), () => 0.2);
    serveTexts(metrics, "large", "filter", [...new Array(30).fill(20), ...new Array(30).fill(60)], (t) => t / 10);
    const { tasks, students, thin, shape } = await read();
    const [small, large] = students;
    expect(small).toMatchObject({ name: "small", texts: 60, lengths: [{ tokens: 7, share: 1 }] });
    expect(small?.rows).toEqual([{ rows: 1, share: 1 }]);
    expect(small?.meanMs).toBeCloseTo(0.2);
    expect(small?.p95Ms).toBeLessThan(0.25);
    expect(large?.meanMs).toBeCloseTo(4);
    expect(large?.lengths.map(({ share }) => share)).toEqual([0.5, 0.5]);
    expect(thin).toEqual([]);
    expect(meanTokens(shape)).toBeCloseTo((7 + 40) / 2);
    expect(tasks).toMatchObject([
      { task: "filter", inputs: 60, meanTokens: 40 },
      { task: "sentiment", inputs: 60, meanTokens: 7 },
    ]);
  });

  test("places texts in their buckets so that their mean is the one that was counted", async () => {
    const lengths = Array.from({ length: 300 }, (_, i) => 3 + ((i * i) % 150));
    serveTexts(metrics, "large", "filter", lengths, () => 1);
    const { students } = await read();
    const mean = lengths.reduce((sum, tokens) => sum + tokens, 0) / lengths.length;
    expect(meanTokens(students[0] as (typeof students)[0])).toBeCloseTo(mean, 6);
  });

  test("weighs numbers of texts in a pass by texts, so that their mean is texts over passes", async () => {
    for (const rows of [1, 1, 1, 1, 8, 8]) {
      const passes = [{ rows, tokens: 16, inferMs: 2 }];
      const tokens = new Int32Array(rows).fill(16);
      const output = { logits: {}, together: false, tokens, truncated: new Uint8Array(rows), tokenizeMs: 1, passes };
      for (let i = 0; i < 10; i++) metrics.batchDone("large", output, 1);
    }
    const { shape } = await read();
    expect(meanRows(shape)).toBeCloseTo(20 / 6);
  });

  test("keeps students with too few texts apart", async () => {
    serveTexts(metrics, "small", "sentiment", new Array(60).fill(7), () => 0.2);
    serveTexts(metrics, "large", "sentiment", [7, 7, 7], () => 1);
    const { students, thin } = await read();
    expect(students.map(({ name }) => name)).toEqual(["small"]);
    expect(thin).toEqual([{ name: "large", texts: 3 }]);
  });

  test("refuses too few texts, naming the students", async () => {
    await expect(read()).rejects.toThrow(UpstreamError);
    serveTexts(metrics, "small", "sentiment", new Array(30).fill(7), () => 0.2);
    serveTexts(metrics, "large", "sentiment", new Array(30).fill(7), () => 1);
    await expect(read()).rejects.toThrow("a student needs 50 (seen: small 30, large 30)");
    expect((await read(20)).students).toHaveLength(2);
  });

  test("refuses a server that does not tell what its students read", async () => {
    serveTexts(metrics, "small", "sentiment", new Array(60).fill(7), () => 0.2);
    const text = (await metrics.text()).replace(/^kdnas_student_tokens.*\n/gm, "");
    expect(() => readObserved(parseMetricsText(text))).toThrow("the server is of an earlier version");
  });

  const infer = '\\{student="small",stage="infer"} ';
  test.each([
    ["a negative count", /(le="4",student="small"} )\d+/, "$1-5", "negative count"],
    ["counts that fall from bucket to bucket", /(le="16",student="small"} )\d+/, "$13", "not cumulative"],
    ["a sum below zero", new RegExp(`(kdnas_stage_duration_seconds_sum${infer}).*`), "$1-1", "its sum is -1"],
    ["NaN", new RegExp(`(kdnas_stage_duration_seconds_sum${infer}).*`), "$1NaN", "its sum is NaN"],
    ["a count of another world", new RegExp(`(kdnas_stage_duration_seconds_count${infer}).*`), "$17", "differs"],
  ])("refuses %s", async (_, pattern, replacement, reason) => {
    serveTexts(metrics, "small", "sentiment", new Array(60).fill(7), () => 0.2);
    const text = await metrics.text();
    expect(text).toMatch(pattern);
    expect(() => readObserved(parseMetricsText(text.replace(pattern, replacement)))).toThrow(reason);
  });

  test("refuses an inference of more than a minute", async () => {
    serveTexts(metrics, "small", "sentiment", new Array(60).fill(7), () => 90_000);
    await expect(read()).rejects.toThrow("small: absurd latency: 90000 ms an inference");
  });
});
