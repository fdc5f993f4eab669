import { Gauge, type Registry } from "prom-client";
import { driftFeatures, driftThresholds } from "../../src/contract/drift.ts";
import { metricNames } from "../../src/contract/metrics.ts";
import type { Drift } from "./drift.ts";

/** Drift as `/metrics` tells it: worked out when it is scraped. */
export class DriftGauges {
  private readonly score: Gauge;
  private readonly samples: Gauge;
  private readonly tasks = new Set<string>();
  private drift: Pick<Drift, "report"> = { report: () => [] };

  constructor(registers: Registry[]) {
    const labelNames = ["task", "feature"];
    this.score = new Gauge({
      name: metricNames.driftScore,
      help: "How far recent traffic is from the reference, a Jensen-Shannon distance from 0 to 1; NaN while there are too few samples.",
      labelNames,
      registers,
      // Registered first, so it is asked before the samples, which it sets too.
      collect: () => this.collect(),
    });
    const help = "Inputs of the window that the score is of.";
    this.samples = new Gauge({ name: metricNames.driftSamples, help, labelNames, registers });
    const threshold = new Gauge({
      name: metricNames.driftThreshold,
      help: "Score from which on traffic is another than the reference.",
      labelNames: ["feature"],
      registers,
    });
    for (const feature of driftFeatures) threshold.set({ feature }, driftThresholds[feature]);
  }

  /** From now on the series of this task are there. */
  expect(task: string): void {
    this.tasks.add(task);
  }

  observe(drift: Pick<Drift, "report">): void {
    this.drift = drift;
  }

  private collect(): void {
    for (const task of this.tasks)
      for (const feature of driftFeatures) this.set({ task, feature, score: Number.NaN, samples: 0 });
    for (const one of this.drift.report()) this.set(one);
  }

  private set({
    task,
    feature,
    score,
    samples,
  }: {
    task: string;
    feature: string;
    score: number;
    samples: number;
  }): void {
    this.score.set({ task, feature }, score);
    this.samples.set({ task, feature }, samples);
  }
}
