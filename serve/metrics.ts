import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
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
import { predictLatencyMs } from "./latency.ts";
import { type LoadFailureReason, loadFailureReasons } from "./load-failure.ts";
import type { BatchOutput } from "./student-batch.ts";

/** The only place that creates metrics. Series exist from the start, so that a rate over them is never "no data". */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** Creates every series of a student's name. */
  studentLoaded(manifest: Manifest): void;
  studentRemoved(manifest: Manifest): void;
  studentFailed(name: string, reason: LoadFailureReason): void;
  observeQueue(queue: { readonly depth: () => number; readonly limit: number }): void;
  /** Observes tokenising and inference for each text of the batch, its share of their time. */
  batchDone(student: string, output: BatchOutput): void;
  stage(student: string, stage: Stage, ms: number): void;
  answered(task: string, student: string, tokens: number): void;
  budget(task: string, student: string, outcome: BudgetOutcome): void;
  shed(reason: ShedReason, texts: number): void;
  http(route: string, method: string, code: number, ms: number): void;
}

const budgetOutcomes = ["met", "missed", "downgraded"] as const;
export type BudgetOutcome = (typeof budgetOutcomes)[number];
const shedReasons = ["queue_full", "client_left"] as const;
export type ShedReason = (typeof shedReasons)[number];

/** Passes that the running mean of measured/predicted looks back on. */
const ratioPasses = 50;

export interface MetricsOptions {
  /** Tasks and routes whose series exist from the start. */
  readonly tasks: readonly string[];
  readonly routes: readonly { readonly route: string; readonly method: string }[];
}

export function createMetrics(options: MetricsOptions): Metrics {
  return new PrometheusMetrics(options);
}

class PrometheusMetrics implements Metrics {
  private readonly registry = new Registry();
  private readonly instruments = createInstruments([this.registry]);
  private readonly latencies = new Map<string, Manifest["latency"]>();
  private readonly ratios = new Map<string, { mean: number; passes: number }>();

  constructor({ tasks, routes }: MetricsOptions) {
    collectDefaultMetrics({ register: this.registry });
    const { inputTokens, shed, http } = this.instruments;
    for (const task of tasks) inputTokens.zero({ task });
    for (const reason of shedReasons) shed.inc({ reason }, 0);
    for (const reason of loadFailureReasons) this.instruments.loadFailures.inc({ reason }, 0);
    for (const { route, method } of routes) http.zero({ route, method, code: "200" });
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
    if (!this.latencies.has(student)) this.createSeries(manifest);
    this.latencies.set(student, manifest.latency);
    this.ratios.delete(student);
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

  observeQueue({ depth, limit }: Parameters<Metrics["observeQueue"]>[0]): void {
    this.instruments.queueLimit.set(limit);
    createQueueDepth([this.registry], depth);
  }

  batchDone(student: string, output: BatchOutput): void {
    const { batchSize, batchTokens } = this.instruments;
    const texts = output.tokens.length;
    for (let i = 0; i < texts; i++) this.stage(student, "tokenize", output.tokenizeMs / texts);
    for (const { rows, tokens, inferMs } of output.passes) {
      batchSize.observe(rows);
      batchTokens.observe(rows * tokens);
      for (let i = 0; i < rows; i++) this.stage(student, "infer", inferMs / rows);
    }
    this.updateRatio(student, output);
  }

  stage(student: string, stage: Stage, ms: number): void {
    this.instruments.stage.observe({ student, stage }, ms / 1000);
  }

  answered(task: string, student: string, tokens: number): void {
    this.instruments.texts.inc({ task, student });
    this.instruments.inputTokens.observe({ task }, tokens);
  }

  budget(task: string, student: string, outcome: BudgetOutcome): void {
    this.instruments.budget.inc({ task, student, outcome });
  }

  shed(reason: ShedReason, texts: number): void {
    this.instruments.shed.inc({ reason }, texts);
  }

  http(route: string, method: string, code: number, ms: number): void {
    this.instruments.http.observe({ route, method, code: String(code) }, ms / 1000);
  }

  /** Only once a name: the counts of a student outlive its versions. */
  private createSeries({ name: student, tasks }: Manifest): void {
    const { stage, texts, budget } = this.instruments;
    for (const of of stages) stage.zero({ student, stage: of });
    for (const { name: task } of tasks) {
      texts.inc({ task, student }, 0);
      for (const outcome of budgetOutcomes) budget.inc({ task, student, outcome }, 0);
    }
  }

  private updateRatio(student: string, output: BatchOutput): void {
    const latency = this.latencies.get(student);
    if (latency === undefined) return;
    const ratio = this.ratios.get(student) ?? { mean: 0, passes: 0 };
    for (const { rows, tokens, inferMs } of output.passes) {
      ratio.passes = Math.min(ratio.passes + 1, ratioPasses);
      ratio.mean += (inferMs / (rows * predictLatencyMs(latency, tokens, "p50Ms")) - ratio.mean) / ratio.passes;
    }
    this.ratios.set(student, ratio);
    this.instruments.errorRatio.set({ student }, ratio.mean);
  }
}

type Registers = Registry[];

function createInstruments(registers: Registers) {
  const seconds = [...secondsBuckets];
  return {
    http: new Histogram({
      name: metricNames.httpRequestSeconds,
      help: "Time from the request's head to the end of the reply.",
      labelNames: ["route", "method", "code"],
      buckets: seconds,
      registers,
    }),
    stage: new Histogram({
      name: metricNames.stageSeconds,
      help: "Time of a text in each stage; tokenize and infer are its share of its batch's time.",
      labelNames: ["student", "stage"],
      buckets: seconds,
      registers,
    }),
    inputTokens: new Histogram({
      name: metricNames.inputTokens,
      help: "Tokens of each input after truncation; of a pair, both texts together.",
      labelNames: ["task"],
      buckets: [...tokensBuckets],
      registers,
    }),
    batchSize: new Histogram({
      name: metricNames.batchSize,
      help: "Texts of each pass through a student.",
      buckets: [...batchSizeBuckets],
      registers,
    }),
    batchTokens: new Histogram({
      name: metricNames.batchTokens,
      help: "Tokens, padding included, of each pass through a student.",
      buckets: [...batchTokensBuckets],
      registers,
    }),
    queueLimit: new Gauge({ name: metricNames.queueLimit, help: "Texts that may wait.", registers }),
    shed: new Counter({
      name: metricNames.requestsShed,
      help: "Texts that were never started.",
      labelNames: ["reason"],
      registers,
    }),
    budget: new Counter({
      name: metricNames.budget,
      help: "Requests with a latency budget: met by the most accurate student, met by a faster one (downgraded), missed.",
      labelNames: ["task", "student", "outcome"],
      registers,
    }),
    texts: new Counter({
      name: metricNames.texts,
      help: "Inputs answered.",
      labelNames: ["task", "student"],
      registers,
    }),
    info: new Gauge({
      name: metricNames.studentInfo,
      help: "1 for each student that is served.",
      labelNames: ["student", "version", "architecture"],
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
      help: "Measured inference time of a pass divided by its texts' p50 in the manifest, running mean; NaN before the first.",
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
