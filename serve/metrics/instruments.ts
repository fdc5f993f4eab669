import { Counter, Gauge, type Registry } from "prom-client";
import {
  batchSizeBuckets,
  batchTokensBuckets,
  metricNames,
  secondsBuckets,
  tokensBuckets,
} from "../../src/contract/metrics.ts";
import { SeriesCounter, SeriesHistogram } from "./series.ts";

/** Names, helps and labels of the metrics; `metrics.ts` counts in them. */

/** Workers that answer now, and those that were lost so far. */
export interface WorkerHealth {
  readonly up: number;
  readonly lost: number;
}

type Registers = Registry[];

/** Every metric that is counted as things happen. */
export function createInstruments(registers: Registers) {
  const seconds = [...secondsBuckets];
  return {
    http: new SeriesHistogram({
      name: metricNames.httpRequestSeconds,
      help: "Time from the request's head to the end of the reply.",
      labelNames: ["route", "method", "code"],
      buckets: seconds,
      registers,
    }),
    stage: new SeriesHistogram({
      name: metricNames.stageSeconds,
      help: "Time of a text in each stage; tokenize and infer are its share of its batch's time.",
      labelNames: ["student", "stage"],
      buckets: seconds,
      registers,
    }),
    inputTokens: new SeriesHistogram({
      name: metricNames.inputTokens,
      help: "Tokens of each input after truncation; of a pair, both texts together.",
      labelNames: ["task"],
      buckets: [...tokensBuckets],
      registers,
    }),
    batchSize: new SeriesHistogram({
      name: metricNames.batchSize,
      help: "Texts of each pass through a student.",
      labelNames: [],
      buckets: [...batchSizeBuckets],
      registers,
    }),
    batchTokens: new SeriesHistogram({
      name: metricNames.batchTokens,
      help: "Tokens, padding included, of each pass through a student.",
      labelNames: [],
      buckets: [...batchTokensBuckets],
      registers,
    }),
    studentBatchSize: new SeriesHistogram({
      name: metricNames.studentBatchSize,
      help: "Texts of each pass, by student.",
      labelNames: ["student"],
      buckets: [...batchSizeBuckets],
      registers,
    }),
    studentTokens: new SeriesHistogram({
      name: metricNames.studentTokens,
      help: "Tokens that a student read for each text, padding included; of a pair, each text by itself.",
      labelNames: ["student"],
      buckets: [...tokensBuckets],
      registers,
    }),
    queueLimit: new Gauge({ name: metricNames.queueLimit, help: "Texts that may wait.", registers }),
    workers: new Gauge({ name: metricNames.workers, help: "Threads that students run in.", registers }),
    shed: new Counter({
      name: metricNames.requestsShed,
      help: "Texts that were never started.",
      labelNames: ["reason"],
      registers,
    }),
    budget: new SeriesCounter({
      name: metricNames.budget,
      help: "Requests with a latency budget: met by the most accurate student, met by a faster one (downgraded), missed, or refused, by no student.",
      labelNames: ["task", "student", "outcome"],
      registers,
    }),
    texts: new SeriesCounter({
      name: metricNames.texts,
      help: "Inputs answered.",
      labelNames: ["task", "student"],
      registers,
    }),
    cascade: new SeriesCounter({
      name: metricNames.cascade,
      help: "Texts asked of a fast student first: its answer was confident, escalated to a larger one, or kept since there was no time.",
      labelNames: ["task", "outcome"],
      registers,
    }),
    cache: new SeriesCounter({
      name: metricNames.cache,
      help: "Items of requests whose answers were remembered, or were not, while answers are cached.",
      labelNames: ["outcome"],
      registers,
    }),
    feedback: new Counter({
      name: metricNames.feedback,
      help: "Corrections stored or changed: of a reply they agreed with (confirmed) or not (corrected), or of a text (unmatched).",
      labelNames: ["task", "verdict"],
      registers,
    }),
    info: new Gauge({
      name: metricNames.studentInfo,
      help: "1 for each student that is served.",
      labelNames: ["student", "version", "architecture"],
      registers,
    }),
    machine: new Gauge({
      name: metricNames.machineInfo,
      help: "1 for the machine and the runtime that students run on here; the search compares them with its own.",
      labelNames: ["cpu", "runtime"],
      registers,
    }),
    loads: new Counter({
      name: metricNames.studentLoads,
      help: "Students loaded from the models folder; a failed load leaves the old one in place.",
      labelNames: ["student", "outcome"],
      registers,
    }),
    versionChanges: new Counter({
      name: metricNames.studentVersionChanges,
      help: "Times that another version took over a student's name, whose other series go on over it; another manifest of the same version is none.",
      labelNames: ["student"],
      registers,
    }),
    loadFailures: new Counter({
      name: metricNames.studentLoadFailures,
      help: "Students that could not be loaded, by what was wrong with them.",
      labelNames: ["reason"],
      registers,
    }),
    unloadable: new Gauge({
      name: metricNames.studentsUnloadable,
      help: "Students and candidates that cannot be loaded as they lie there now, by what is wrong with them.",
      labelNames: ["reason"],
      registers,
    }),
    calibrated: new Gauge({
      name: metricNames.calibratedTimestamp,
      help: "When the latency was measured that a student's manifest states.",
      labelNames: ["student"],
      registers,
    }),
    errorRatio: new Gauge({
      name: metricNames.predictionErrorRatio,
      help: "Measured inference of a batch divided by its texts' p50 in the manifest, running mean; NaN before the first.",
      labelNames: ["student"],
      registers,
    }),
  };
}

export function createWorkerMetrics(registers: Registers, health: () => WorkerHealth): void {
  const up: Gauge = new Gauge({
    name: metricNames.workersUp,
    help: "Threads that can be given work.",
    registers,
    collect: () => up.set(health().up),
  });
  const lost: Counter = new Counter({
    name: metricNames.workersLost,
    help: "Threads that ended by themselves or were given up; another takes the place of each.",
    registers,
    collect: () => {
      lost.reset();
      lost.inc(health().lost);
    },
  });
}

export function createQueueDepth(registers: Registers, depth: () => number): void {
  const gauge: Gauge = new Gauge({
    name: metricNames.queueDepth,
    help: "Texts that wait.",
    registers,
    collect: () => gauge.set(depth()),
  });
}
