import { afterAll, beforeAll, expect, test } from "vitest";
import { createMetrics } from "../../../serve/metrics/metrics.ts";
import { driftFeatures, driftThresholds } from "../../../src/contract/drift.ts";
import { metricNames, stages } from "../../../src/contract/metrics.ts";
import { seriesValue, startTestServer, type TestServer } from "../../fixtures/test-server.ts";
import { declaredTask, tinyManifest } from "../../fixtures/tiny-student.ts";

let server: TestServer;
let fresh: string;
beforeAll(async () => {
  server = await startTestServer();
  fresh = await (await fetch(`${server.url}/metrics`)).text();
});
afterAll(() => server.end());

const line =
  /^[a-zA-Z_:][\w:]*(?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})? (?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|Nan)$/;

test("GET /metrics is the Prometheus text format, line by line", () => {
  const bad = fresh.split("\n").filter((l) => l !== "" && !l.startsWith("# ") && !line.test(l));
  expect(bad).toEqual([]);
});

test("every metric of the contract and its series are there before the first request", () => {
  for (const name of Object.values(metricNames)) expect(fresh).toContain(`# TYPE ${name} `);
  for (const student of ["large", "small"]) {
    expect(fresh).toContain(`${metricNames.studentVersionChanges}{student="${student}"} 0`);
    for (const stage of stages)
      expect(fresh).toContain(`${metricNames.stageSeconds}_count{student="${student}",stage="${stage}"} 0`);
    for (const task of ["filter", "sentiment", "language", "adequacy"]) {
      expect(fresh).toContain(`${metricNames.texts}{task="${task}",student="${student}"} 0`);
      for (const outcome of ["met", "missed", "downgraded"])
        expect(fresh).toContain(`${metricNames.budget}{task="${task}",student="${student}",outcome="${outcome}"} 0`);
      expect(fresh).toContain(`${metricNames.budget}{task="${task}",student="",outcome="refused"} 0`);
    }
  }
  for (const feature of driftFeatures) {
    expect(fresh).toContain(`${metricNames.driftScore}{task="adequacy",feature="${feature}"} Nan`);
    expect(fresh).toContain(`${metricNames.driftSamples}{task="adequacy",feature="${feature}"} 0`);
    expect(fresh).toContain(`${metricNames.driftThreshold}{feature="${feature}"} ${driftThresholds[feature]}`);
  }
  const measured = Date.parse("2026-01-31T12:00:00Z") / 1000;
  expect(fresh).toContain(`${metricNames.calibratedTimestamp}{student="large"} ${measured}`);
  for (const reason of ["queue_full", "client_left"])
    expect(fresh).toContain(`${metricNames.requestsShed}{reason="${reason}"} 0`);
  expect(fresh).toContain('_count{route="/v1/translation/language",method="POST",code="200"} 0');
  expect(fresh).toContain(`${metricNames.queueLimit} 1024`);
  expect(fresh).toMatch(/^kdnas_machine_info\{cpu=".+ \(\d+ cores\)",runtime="onnxruntime-node [\d.]+"\} 1$/m);
});

test("each text is counted in every stage, in its task and in its length", async () => {
  await server.post("/v1/sentiment", { inputs: ["good", "bad", "nice day"], student: "small" });
  await server.post("/v1/translation/adequacy", { inputs: { source: "a", target: "b c" }, student: "small" });
  const text = await server.app.metrics.text();
  const count = (stage: string) =>
    seriesValue(text, `${metricNames.stageSeconds}_count{student="small",stage="${stage}"}`);
  expect(stages.map(count)).toEqual([5, 4, 5, 4]);
  expect(seriesValue(text, `${metricNames.texts}{task="sentiment",student="small"}`)).toBe(3);
  expect(seriesValue(text, `${metricNames.inputTokens}_count{task="adequacy"}`)).toBe(1);
  expect(seriesValue(text, `${metricNames.inputTokens}_sum{task="adequacy"}`)).toBe(7);
  expect(seriesValue(text, `${metricNames.batchSize}_sum`)).toBe(5);
  expect(seriesValue(text, `${metricNames.studentBatchSize}_sum{student="small"}`)).toBe(5);
  expect(seriesValue(text, `${metricNames.studentTokens}_count{student="small"}`)).toBe(5);
  expect(seriesValue(text, `${metricNames.predictionErrorRatio}{student="small"}`)).toBeGreaterThan(0);
});

test("studentLoaded() creates the series of tasks that another version of a student brings", async () => {
  const metrics = createMetrics({ tasks: ["sentiment"] });
  metrics.studentLoaded(tinyManifest({ name: "one" }));
  metrics.answered("sentiment", "one", 5);
  const declared = [declaredTask("tickets", "text", ["billing", "login"])];
  metrics.studentLoaded(tinyManifest({ name: "one", declared }));
  const text = await metrics.text();
  expect(seriesValue(text, `${metricNames.texts}{task="tickets",student="one"}`)).toBe(0);
  expect(seriesValue(text, `${metricNames.budget}{task="tickets",student="one",outcome="met"}`)).toBe(0);
  expect(seriesValue(text, `${metricNames.driftSamples}{task="tickets",feature="length"}`)).toBe(0);
  expect(seriesValue(text, `${metricNames.texts}{task="sentiment",student="one"}`)).toBe(1);
});

test("studentLoaded() counts a version that takes over a name, also after a while without any, but no load of the same", async () => {
  const metrics = createMetrics({ tasks: ["sentiment"] });
  const manifest = tinyManifest({ name: "one" });
  const changesAfter = async (version: string) => {
    metrics.studentLoaded({ ...manifest, version });
    const changes = seriesValue(await metrics.text(), `${metricNames.studentVersionChanges}{student="one"}`);
    metrics.studentRemoved({ ...manifest, version });
    return changes;
  };
  expect(await changesAfter("a")).toBe(0);
  expect(await changesAfter("a")).toBe(0);
  expect(await changesAfter("b")).toBe(1);
  expect(await changesAfter("a")).toBe(2);
});

test("batchDone() of a student that was removed brings no gauge of it back", async () => {
  const metrics = createMetrics({ tasks: ["sentiment"] });
  const manifest = tinyManifest({ name: "one" });
  const passes = [{ rows: 1, tokens: 5, inferMs: 1 }];
  const counts = { tokens: Int32Array.of(5), truncated: new Uint8Array(1), tokenizeMs: 1 };
  const ended = async () => {
    metrics.batchDone("one", { logits: {}, together: false, ...counts, passes }, 1.25);
    return seriesValue(await metrics.text(), `${metricNames.predictionErrorRatio}{student="one"}`);
  };
  metrics.studentLoaded(manifest);
  expect(await ended()).toBe(1.25);
  metrics.studentRemoved(manifest);
  expect(await ended()).toBeNaN();
  metrics.studentLoaded(manifest);
  expect(await ended()).toBe(1.25);
});
