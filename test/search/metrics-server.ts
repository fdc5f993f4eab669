import express from "express";
import { createMetrics, type Metrics } from "../../serve/metrics/metrics.ts";
import type { Manifest } from "../../src/contract/manifest.ts";
import { listen, type Page } from "../fixtures/listen.ts";

/** The server's own metrics behind a bare Express route. */
export function listenMetrics(metrics: Metrics): Promise<Page> {
  const app = express();
  app.get("/metrics", async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.text());
  });
  return listen(app, "/metrics");
}

/** The server's metrics with the series of these students, before any request. */
export function freshMetrics(manifests: readonly Manifest[]): Metrics {
  const metrics = createMetrics({ tasks: ["filter", "sentiment", "language", "adequacy"] });
  for (const manifest of manifests) metrics.studentLoaded(manifest);
  return metrics;
}

/** Records single texts as the server does, `msOf` telling the inference time for a length. */
export function serveTexts(
  metrics: Metrics,
  student: string,
  task: string,
  lengths: readonly number[],
  msOf: (tokens: number) => number,
): void {
  for (const tokens of lengths) {
    const passes = [{ rows: 1, tokens, inferMs: msOf(tokens) }];
    const one = {
      logits: {},
      together: false,
      tokens: Int32Array.of(tokens),
      truncated: new Uint8Array(1),
      tokenizeMs: 0.05,
      passes,
    };
    metrics.batchDone(student, one, 1);
    metrics.answered(task, student, tokens);
  }
}
