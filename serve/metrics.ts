import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { architectureName } from "../src/contract/architecture.ts";
import type { Manifest } from "../src/contract/manifest.ts";
import {
  batchSizeBuckets,
  batchTokensBuckets,
  metricNames,
  type Stage,
  secondsBuckets,
  stages,
  tokensBuckets,
} from "../src/contract/metrics.ts";
import { machine } from "../src/onnx/machine.ts";
import { type LoadFailureReason, loadFailureReasons } from "./load-failure.ts";
import { SeriesCounter, SeriesHistogram } from "./series.ts";
import type { BatchOutput } from "./student-batch.ts";

/** The only place that creates metrics. Series exist from the start, so that a rate over them is never "no data". */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** Creates the series of these routes. */
  expectRoutes(routes: readonly { readonly path: string; readonly method: string }[]): void;
  /** Creates every series of a student's name. */
  studentLoaded(manifest: Manifest): void;
  studentRemoved(manifest: Manifest): void;
  studentFailed(name: string, reason: LoadFailureReason): void;
  observeQueue(queue: { readonly depth: () => number; readonly limit: number; readonly workers: number }): void;
  /** Observes tokenising and inference for each text of the batch, its share of their time. @param ratio measured to predicted work */
  batchDone(student: string, output: BatchOutput, ratio: number): void;
  stage(student: string, stage: Stage, ms: number): void;
  answered(task: string, student: string, tokens: number): void;
  budget(task: string, student: string, outcome: BudgetOutcome): void;
  shed(reason: ShedReason, texts: number): void;
  cascade(task: string, outcome: CascadeOutcome, texts: number): void;
  cache(outcome: CacheOutcome): void;
  feedback(task: string, verdict: FeedbackVerdict): void;
  http(route: string, method: string, code: number, ms: number): void;
}

const budgetOutcomes = ["met", "missed", "downgraded"] as const;
export type BudgetOutcome = (typeof budgetOutcomes)[number];
const shedReasons = ["queue_full", "client_left", "budget", "expired"] as const;
export type ShedReason = (typeof shedReasons)[number];

const cascadeOutcomes = ["confident", "escalated", "kept"] as const;
export type CascadeOutcome = (typeof cascadeOutcomes)[number];
const cacheOutcomes = ["hit", "miss"] as const;
export type CacheOutcome = (typeof cacheOutcomes)[number];

/** Whether a correction agrees with the reply that it is about; of one about a text nobody knows. */
export const feedbackVerdicts = ["confirmed", "corrected", "unmatched"] as const;
export type FeedbackVerdict = (typeof feedbackVerdicts)[number];

export interface MetricsOptions {
  /** Tasks whose series exist from the start. */
  readonly tasks: readonly string[];
}

export function createMetrics(options: MetricsOptions): Metrics {
  return new PrometheusMetrics(options);
}

class PrometheusMetrics implements Metrics {
  private readonly registry = new Registry();
  private readonly instruments = createInstruments([this.registry]);
  private readonly known = new Set<string>();

  constructor({ tasks }: MetricsOptions) {
    collectDefaultMetrics({ register: this.registry });
    const { inputTokens, shed, cascade, cache, batchSize, batchTokens } = this.instruments;
    for (const task of tasks) inputTokens.observe([task], 0, 0);
    for (const task of tasks) for (const outcome of cascadeOutcomes) cascade.add([task, outcome], 0);
    for (const outcome of cacheOutcomes) cache.add([outcome], 0);
    for (const task of tasks) this.createFeedbackSeries(task);
    for (const reason of shedReasons) shed.inc({ reason }, 0);
    for (const reason of loadFailureReasons) this.instruments.loadFailures.inc({ reason }, 0);
    for (const histogram of [batchSize, batchTokens]) histogram.observe([], 0, 0);
    this.instruments.machine.set(machine(), 1);
  }

  expectRoutes(routes: readonly { readonly path: string; readonly method: string }[]): void {
    for (const { path, method } of routes) this.instruments.http.observe([path, method, "200"], 0, 0);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  studentLoaded(manifest: Manifest): void {
    const { info, loads, errorRatio } = this.instruments;
    const student = manifest.name;
    if (!this.known.has(student)) this.createSeries(manifest);
    this.known.add(student);
    errorRatio.set({ student }, Number.NaN);
    info.set(infoLabels(manifest), 1);
    loads.inc({ student, outcome: "loaded" });
    loads.inc({ student, outcome: "failed" }, 0);
  }

  studentRemoved(manifest: Manifest): void {
    this.instruments.info.remove(infoLabels(manifest));
  }

  studentFailed(student: string, reason: LoadFailureReason): void {
    this.instruments.loads.inc({ student, outcome: "failed" });
    this.instruments.loadFailures.inc({ reason });
  }

  observeQueue({ depth, limit, workers }: Parameters<Metrics["observeQueue"]>[0]): void {
    this.instruments.queueLimit.set(limit);
    this.instruments.workers.set(workers);
    createQueueDepth([this.registry], depth);
  }

  batchDone(student: string, output: BatchOutput, ratio: number): void {
    const { batchSize, batchTokens, studentBatchSize, studentTokens, stage, errorRatio } = this.instruments;
    const texts = output.tokens.length;
    stage.observe([student, "tokenize"], output.tokenizeMs / texts / 1000, texts);
    for (const { rows, tokens, inferMs } of output.passes) {
      batchSize.observe([], rows);
      batchTokens.observe([], rows * tokens);
      studentBatchSize.observe([student], rows);
      studentTokens.observe([student], tokens, rows);
      stage.observe([student, "infer"], inferMs / rows / 1000, rows);
    }
    errorRatio.set({ student }, ratio);
  }

  stage(student: string, stage: Stage, ms: number): void {
    this.instruments.stage.observe([student, stage], ms / 1000);
  }

  answered(task: string, student: string, tokens: number): void {
    this.instruments.texts.add([task, student], 1);
    this.instruments.inputTokens.observe([task], tokens);
  }

  budget(task: string, student: string, outcome: BudgetOutcome): void {
    this.instruments.budget.add([task, student, outcome], 1);
  }

  shed(reason: ShedReason, texts: number): void {
    this.instruments.shed.inc({ reason }, texts);
  }

  cascade(task: string, outcome: CascadeOutcome, texts: number): void {
    this.instruments.cascade.add([task, outcome], texts);
  }

  cache(outcome: CacheOutcome): void {
    this.instruments.cache.add([outcome], 1);
  }

  feedback(task: string, verdict: FeedbackVerdict): void {
    this.instruments.feedback.inc({ task, verdict });
  }

  http(route: string, method: string, code: number, ms: number): void {
    this.instruments.http.observe([route, method, String(code)], ms / 1000);
  }

  private createFeedbackSeries(task: string): void {
    for (const verdict of feedbackVerdicts) this.instruments.feedback.inc({ task, verdict }, 0);
  }

  /** Only once a name: the counts of a student outlive its versions. */
  private createSeries({ name: student, tasks }: Manifest): void {
    const { stage, texts, budget, inputTokens, cascade, studentBatchSize, studentTokens } = this.instruments;
    for (const of of stages) stage.observe([student, of], 0, 0);
    for (const histogram of [studentBatchSize, studentTokens]) histogram.observe([student], 0, 0);
    for (const { name: task } of tasks) {
      // Again, since the student may bring a task that is not built in.
      inputTokens.observe([task], 0, 0);
      for (const outcome of cascadeOutcomes) cascade.add([task, outcome], 0);
      this.createFeedbackSeries(task);
      texts.add([task, student], 0);
      for (const outcome of budgetOutcomes) budget.add([task, student, outcome], 0);
    }
  }
}

type Registers = Registry[];

function createInstruments(registers: Registers) {
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
      help: "Requests with a latency budget: met by the most accurate student, met by a faster one (downgraded), missed.",
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
      help: "Looks into the cache of answers.",
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
    loadFailures: new Counter({
      name: metricNames.studentLoadFailures,
      help: "Students that could not be loaded, by what was wrong with them.",
      labelNames: ["reason"],
      registers,
    }),
    errorRatio: new Gauge({
      name: metricNames.predictionErrorRatio,
      help: "Measured work of a batch (tokenising and inference) divided by its texts' p50 in the manifest, running mean; NaN before the first.",
      labelNames: ["student"],
      registers,
    }),
  };
}

function createQueueDepth(registers: Registers, depth: () => number): void {
  const gauge: Gauge = new Gauge({
    name: metricNames.queueDepth,
    help: "Texts that wait.",
    registers,
    collect: () => gauge.set(depth()),
  });
}

function infoLabels(manifest: Manifest) {
  const { name: student, version, architecture } = manifest;
  return { student, version, architecture: architectureName(architecture) };
}
