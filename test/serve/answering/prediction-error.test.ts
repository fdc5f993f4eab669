import { expect, test } from "vitest";
import { createMetrics } from "../../../serve/metrics/metrics.ts";
import { createSpeeds } from "../../../serve/queue/speeds.ts";
import { metricNames } from "../../../src/contract/metrics.ts";
import { seriesValue } from "../../fixtures/test-server.ts";
import { tinyManifest } from "../../fixtures/tiny-student.ts";

test("ratio() compares inference with the manifest, which times no tokenising; workMs() counts both", () => {
  const speeds = createSpeeds(() => 0);
  const student = { id: "one@1#0", manifest: tinyManifest({ name: "one" }) };
  for (let i = 0; i < 500; i++) speeds.batchDone(student, { priorMs: 1, workedMs: 4, tokenizeMs: 3, tookMs: 4.2 });
  expect(speeds.ratio(student)).toBeCloseTo(1, 5);
  expect(speeds.workMs(student, 1)).toBeCloseTo(4, 1);
});

test("studentLoaded() tells when the latency was measured, also long before the manifest was written", async () => {
  const manifest = tinyManifest({ name: "one" });
  const measured = "2025-06-30T12:00:00Z";
  const calibrated = async (latency: typeof manifest.latency) => {
    const metrics = createMetrics({ tasks: [] });
    metrics.studentLoaded({ ...manifest, latency });
    return 1000 * seriesValue(await metrics.text(), `${metricNames.calibratedTimestamp}{student="one"}`);
  };
  expect(await calibrated({ ...manifest.latency, measured })).toBe(Date.parse(measured));
  expect(await calibrated(manifest.latency)).toBe(Date.parse(manifest.created));
});
