import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fetchMetricsText, readObserved } from "../../../search/reward/observed.ts";
import type { Metrics } from "../../../serve/metrics.ts";
import { ConfigError, UpstreamError } from "../../../src/errors.ts";
import { tinyManifest } from "../../fixtures/tiny-student.ts";
import { freshMetrics, listen, listenMetrics, type MetricsServer, serveTexts } from "../metrics-server.ts";

const manifests = [tinyManifest({ name: "small", layers: 0 }), tinyManifest({ name: "large" })];
const servers: MetricsServer[] = [];
let metrics: Metrics;
beforeEach(() => {
  metrics = freshMetrics(manifests);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(server: Promise<MetricsServer>): Promise<string> {
  servers.push(await server);
  return (await server).url;
}

describe("fetchMetricsText()", () => {
  test("reads the text of a server", async () => {
    const url = await start(listenMetrics(metrics));
    expect(await fetchMetricsText(url)).toContain(
      'kdnas_stage_duration_seconds_count{student="small",stage="infer"} 0',
    );
  });

  test("says that nobody answers", async () => {
    const server = await listenMetrics(metrics);
    await server.close();
    await expect(fetchMetricsText(server.url)).rejects.toThrow(UpstreamError);
    await expect(fetchMetricsText(server.url)).rejects.toThrow(`cannot read ${server.url}: ECONNREFUSED`);
  });

  test("says that a server hangs, before its head or in its body", async () => {
    const silent = await start(listen(() => {}));
    await expect(fetchMetricsText(silent, { timeoutMs: 100 })).rejects.toThrow("did not answer within 100 ms");
    const slow = await start(listen((_, response) => void response.write("kdnas_x 1\n")));
    await expect(fetchMetricsText(slow, { timeoutMs: 100 })).rejects.toThrow("did not answer within 100 ms");
  });

  test("says that it got a page", async () => {
    const page = await start(
      listen((_, response) => void response.setHeader("content-type", "text/html").end("hello")),
    );
    await expect(fetchMetricsText(page)).rejects.toThrow("answers an HTML page, not metrics");
    const plain = await start(listen((_, response) => void response.end("\n<!doctype html><title>x</title>")));
    await expect(fetchMetricsText(plain)).rejects.toThrow("answers an HTML page, not metrics");
  });

  test("tells the status of a refusal and sends the headers it was given", async () => {
    const guarded = await start(
      listen((request, response) => {
        response.statusCode = request.headers.authorization === "Bearer k" ? 200 : 401;
        response.end("kdnas_x 1\n");
      }),
    );
    await expect(fetchMetricsText(guarded)).rejects.toThrow("answers 401 Unauthorized");
    expect(await fetchMetricsText(guarded, { headers: { authorization: "Bearer k" } })).toBe("kdnas_x 1\n");
  });

  test("gives up on an endless answer", async () => {
    const chunk = "x".repeat(1024 * 1024);
    const endless = await start(
      listen((_, response) => {
        const more = () => void response.write(chunk, more);
        more();
      }),
    );
    await expect(fetchMetricsText(endless, { timeoutMs: 30_000 })).rejects.toThrow("bytes: not metrics");
  });

  test.each(["localhost:8080", "", "ftp://host/metrics", "/metrics"])("refuses %j as a URL", async (url) => {
    await expect(fetchMetricsText(url)).rejects.toThrow(ConfigError);
  });

  test("does not repeat a URL's secrets in its errors", async () => {
    const url = "http://127.0.0.1:1/metrics?token=secret";
    await expect(fetchMetricsText(url)).rejects.not.toThrow("secret");
    await expect(fetchMetricsText(url)).rejects.toThrow("http://127.0.0.1:1/metrics");
  });
});

describe("readObserved()", () => {
  test("gives lengths per task and latency per student", async () => {
    serveTexts(metrics, "small", "sentiment", new Array(60).fill(7), () => 0.2);
    serveTexts(metrics, "large", "filter", [...new Array(30).fill(20), ...new Array(30).fill(60)], (t) => t / 10);
    const { tasks, students, thin, rows } = readObserved(await metrics.text());
    expect(tasks).toEqual([
      {
        task: "filter",
        inputs: 60,
        lengths: [
          { tokens: 21, share: 0.5 },
          { tokens: 57, share: 0.5 },
        ],
      },
      { task: "sentiment", inputs: 60, lengths: [{ tokens: 7, share: 1 }] },
    ]);
    const [small, large] = students;
    expect(small).toMatchObject({ name: "small", texts: 60, version: manifests[0]?.version });
    expect(small?.meanMs).toBeCloseTo(0.2);
    expect(small?.p50Ms).toBeGreaterThan(0.15);
    expect(small?.p95Ms).toBeLessThan(0.25);
    expect(large?.meanMs).toBeCloseTo(4);
    expect(large?.answered).toEqual({ filter: 60, sentiment: 0 });
    expect([thin, rows]).toEqual([[], 1]);
  });

  test("keeps students with too few texts apart", async () => {
    serveTexts(metrics, "small", "sentiment", new Array(60).fill(7), () => 0.2);
    serveTexts(metrics, "large", "sentiment", [7, 7, 7], () => 1);
    const observed = readObserved(await metrics.text());
    expect(observed.students.map((student) => student.name)).toEqual(["small"]);
    expect(observed.thin).toEqual([{ name: "large", texts: 3 }]);
  });

  test("reads the mean number of texts in a run", async () => {
    const passes = [{ rows: 8, tokens: 16, inferMs: 2 }];
    const output = {
      logits: {},
      tokens: new Int32Array(8).fill(16),
      truncated: new Uint8Array(8),
      tokenizeMs: 1,
      passes,
    };
    for (let i = 0; i < 10; i++) metrics.batchDone("large", output, 1);
    for (let i = 0; i < 80; i++) metrics.answered("filter", "large", 16);
    const { rows, students } = readObserved(await metrics.text());
    expect([rows, students[0]?.texts]).toEqual([8, 80]);
    expect(students[0]?.meanMs).toBeCloseTo(0.25);
  });

  test("refuses a server that has answered nothing yet", async () => {
    const text = await metrics.text();
    expect(() => readObserved(text)).toThrow(UpstreamError);
    expect(() => readObserved(text)).toThrow("too few texts to learn from: 0");
  });

  test("refuses a server whose students did too little, naming them", async () => {
    serveTexts(metrics, "small", "sentiment", new Array(30).fill(7), () => 0.2);
    serveTexts(metrics, "large", "sentiment", new Array(30).fill(7), () => 1);
    const text = await metrics.text();
    expect(() => readObserved(text)).toThrow("a student needs 50 (seen: small 30, large 30)");
    expect(readObserved(text, { minSamples: 20 }).students).toHaveLength(2);
  });

  test("refuses another program's metrics", () => {
    expect(() => readObserved("process_cpu_seconds_total 3\n")).toThrow("no kdnas_ series");
    expect(() => readObserved("")).toThrow("no kdnas_ series");
  });

  test("refuses stale samples where they carry a time", async () => {
    serveTexts(metrics, "small", "sentiment", new Array(60).fill(7), () => 0.2);
    const stamp = (ageMs: number, text: string) => text.replace(/^(kdnas_.*)$/gm, `$1 ${Date.now() - ageMs}`);
    const text = await metrics.text();
    expect(() => readObserved(stamp(3_600_000, text))).toThrow("stale metrics: the newest sample is 3600 s old");
    expect(readObserved(stamp(1000, text)).students).toHaveLength(1);
  });

  test.each([
    ["negative counts", /(le="4",task="sentiment"} )\d+/, "$1-5", "negative count"],
    ["counts that fall", /(le="16",task="sentiment"} )\d+/, "$13", "not cumulative"],
    [
      "a sum of another world",
      /(kdnas_stage_duration_seconds_sum\{student="small",stage="infer"} ).*/,
      "$1-1",
      "its sum is -1",
    ],
  ])("refuses absurd values: %s", async (_, pattern, replacement, reason) => {
    serveTexts(metrics, "small", "sentiment", new Array(60).fill(7), () => 0.2);
    const text = await metrics.text();
    expect(text).toMatch(pattern);
    expect(() => readObserved(text.replace(pattern, replacement))).toThrow(reason);
  });

  test("refuses an inference of more than a minute", async () => {
    serveTexts(metrics, "small", "sentiment", new Array(60).fill(7), () => 90_000);
    const text = await metrics.text();
    expect(() => readObserved(text)).toThrow("small: absurd latency: 90000 ms an inference");
  });
});
