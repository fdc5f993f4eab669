import { collectDefaultMetrics, Registry } from "prom-client";
import { architectureName } from "../../src/contract/architecture.ts";
import type { Manifest } from "../../src/contract/manifest.ts";
import { type Stage, stages } from "../../src/contract/metrics.ts";
import { machine } from "../../src/onnx/machine.ts";
import type { Drift } from "../drift/drift.ts";
import { DriftGauges } from "../drift/drift-gauges.ts";
import type { BatchOutput, MemberPasses } from "../engine/student-batch.ts";
import { createRolloutMetrics, type RolloutMetrics } from "../rollout/rollout-metrics.ts";
import { type LoadFailureReason, loadFailureReasons } from "../students/load-failure.ts";
import { createInstruments, createQueueDepth, createWorkerMetrics, type WorkerHealth } from "./instruments.ts";

/** All that the server counts, for whoever counts it. Series exist from the start, so that a rate over them is never "no data". */
export interface Metrics {
  readonly contentType: string;
  /** What is seen of candidates. */
  readonly rollout: RolloutMetrics;
  text(): Promise<string>;
  /** Creates the series of these routes. */
  expectRoutes(routes: readonly { readonly path: string; readonly method: string }[]): void;
  /** Creates every series of a student's name and its tasks. */
  studentLoaded(manifest: Manifest): void;
  studentRemoved(manifest: Manifest): void;
  studentFailed(name: string, reason: LoadFailureReason): void;
  /** Of each student that cannot be loaded now, the reason; those that were told before are forgotten. */
  unloadable(reasons: readonly LoadFailureReason[]): void;
  observeQueue(queue: { readonly depth: () => number; readonly limit: number; readonly workers: number }): void;
  observeWorkers(health: () => WorkerHealth): void;
  observeDrift(drift: Pick<Drift, "report">): void;
  /** Observes tokenising and inference for each text of the batch, its share of their time. @param ratio measured to predicted inference */
  batchDone(student: string, output: BatchOutput, ratio: number): void;
  stage(student: string, stage: Stage, ms: number): void;
  answered(task: string, student: string, tokens: number): void;
  budget(task: string, student: string, outcome: BudgetOutcome): void;
  /** Of a request that no student answered. */
  budgetRefused(task: string): void;
  shed(reason: ShedReason, texts: number): void;
  cascade(task: string, outcome: CascadeOutcome, texts: number): void;
  cache(outcome: CacheOutcome, items: number): void;
  feedback(task: string, verdict: FeedbackVerdict): void;
  http(route: string, method: string, code: number, ms: number): void;
}

/** Of requests that a student answered. */
const budgetOutcomes = ["met", "missed", "downgraded"] as const;
export type BudgetOutcome = (typeof budgetOutcomes)[number];
const shedReasons = ["queue_full", "client_left", "budget", "expired"] as const;
export type ShedReason = (typeof shedReasons)[number];

const cascadeOutcomes = ["confident", "escalated", "kept"] as const;
export type CascadeOutcome = (typeof cascadeOutcomes)[number];
const cacheOutcomes = ["hit", "miss"] as const;
export type CacheOutcome = (typeof cacheOutcomes)[number];

/** Whether a correction agrees with the reply that it is about; of one about a text nobody knows. */
const feedbackVerdicts = ["confirmed", "corrected", "unmatched"] as const;
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
  readonly rollout = createRolloutMetrics([this.registry]);
  private readonly instruments = createInstruments([this.registry]);
  private readonly driftGauges = new DriftGauges([this.registry]);
  /** Names of the students that are served. */
  private readonly live = new Set<string>();
  /** Of each name, the version that was served last. */
  private readonly versions = new Map<string, string>();

  constructor({ tasks }: MetricsOptions) {
    collectDefaultMetrics({ register: this.registry });
    const { inputTokens, shed, cascade, cache, batchSize, batchTokens } = this.instruments;
    for (const task of tasks) inputTokens.observe([task], 0, 0);
    for (const task of tasks) for (const outcome of cascadeOutcomes) cascade.add([task, outcome], 0);
    for (const outcome of cacheOutcomes) cache.add([outcome], 0);
    for (const task of tasks) this.createFeedbackSeries(task);
    for (const task of tasks) this.addRefused(task, 0);
    for (const reason of shedReasons) shed.inc({ reason }, 0);
    for (const reason of loadFailureReasons) this.instruments.loadFailures.inc({ reason }, 0);
    this.unloadable([]);
    for (const histogram of [batchSize, batchTokens]) histogram.observe([], 0, 0);
    this.instruments.machine.set(machine(), 1);
    for (const task of tasks) this.driftGauges.expect(task);
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
    const { info, loads, errorRatio, calibrated } = this.instruments;
    const student = manifest.name;
    this.createSeries(manifest);
    this.live.add(student);
    errorRatio.set({ student }, Number.NaN);
    calibrated.set({ student }, Date.parse(manifest.latency.measured ?? manifest.created) / 1000);
    info.set(infoLabels(manifest), 1);
    loads.inc({ student, outcome: "loaded" });
    loads.inc({ student, outcome: "failed" }, 0);
    this.noteVersion(manifest);
  }

  private noteVersion({ name: student, version }: Manifest): void {
    const before = this.versions.get(student) ?? version;
    this.instruments.versionChanges.inc({ student }, before === version ? 0 : 1);
    this.versions.set(student, version);
  }

  studentRemoved(manifest: Manifest): void {
    const { info, errorRatio, calibrated } = this.instruments;
    this.live.delete(manifest.name);
    info.remove(infoLabels(manifest));
    for (const gauge of [errorRatio, calibrated]) gauge.remove({ student: manifest.name });
  }

  studentFailed(student: string, reason: LoadFailureReason): void {
    this.instruments.loads.inc({ student, outcome: "failed" });
    this.instruments.loadFailures.inc({ reason });
  }

  unloadable(reasons: readonly LoadFailureReason[]): void {
    for (const reason of loadFailureReasons)
      this.instruments.unloadable.set({ reason }, reasons.filter((own) => own === reason).length);
  }

  observeQueue({ depth, limit, workers }: Parameters<Metrics["observeQueue"]>[0]): void {
    this.instruments.queueLimit.set(limit);
    this.instruments.workers.set(workers);
    createQueueDepth([this.registry], depth);
  }

  observeWorkers(health: () => WorkerHealth): void {
    createWorkerMetrics([this.registry], health);
  }

  observeDrift(drift: Pick<Drift, "report">): void {
    this.driftGauges.observe(drift);
  }

  batchDone(student: string, output: BatchOutput, ratio: number): void {
    const { batchSize, batchTokens, stage, errorRatio } = this.instruments;
    const texts = output.tokens.length;
    stage.observe([student, "tokenize"], output.tokenizeMs / texts / 1000, texts);
    for (const { rows, tokens } of output.passes) {
      batchSize.observe([], rows);
      batchTokens.observe([], rows * tokens);
    }
    // Each student's series are of its own passes, whoever the texts came for: searches learn from them how fast it is.
    for (const own of [{ student, passes: output.passes }, ...(output.memberPasses ?? [])]) this.passesDone(own);
    // Of a student that was removed the last batch may end after it.
    if (this.live.has(student)) errorRatio.set({ student }, ratio);
  }

  private passesDone({ student, passes }: MemberPasses): void {
    const { studentBatchSize, studentTokens, stage } = this.instruments;
    for (const { rows, tokens, inferMs } of passes) {
      studentBatchSize.observe([student], rows);
      studentTokens.observe([student], tokens, rows);
      stage.observe([student, "infer"], inferMs / rows / 1000, rows);
    }
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

  budgetRefused(task: string): void {
    this.addRefused(task, 1);
  }

  private addRefused(task: string, times: number): void {
    this.instruments.budget.add([task, "", "refused"], times);
  }

  shed(reason: ShedReason, texts: number): void {
    this.instruments.shed.inc({ reason }, texts);
  }

  cascade(task: string, outcome: CascadeOutcome, texts: number): void {
    this.instruments.cascade.add([task, outcome], texts);
  }

  cache(outcome: CacheOutcome, items: number): void {
    this.instruments.cache.add([outcome], items);
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

  /** For every version, since it may answer other tasks than the one before it; what was counted of a name goes on. */
  private createSeries({ name: student, tasks }: Manifest): void {
    const { stage, texts, budget, inputTokens, cascade, studentBatchSize, studentTokens } = this.instruments;
    for (const of of stages) stage.observe([student, of], 0, 0);
    for (const histogram of [studentBatchSize, studentTokens]) histogram.observe([student], 0, 0);
    for (const { name: task } of tasks) {
      // Again, since the student may bring a task that is not built in.
      inputTokens.observe([task], 0, 0);
      this.driftGauges.expect(task);
      for (const outcome of cascadeOutcomes) cascade.add([task, outcome], 0);
      this.createFeedbackSeries(task);
      this.addRefused(task, 0);
      texts.add([task, student], 0);
      for (const outcome of budgetOutcomes) budget.add([task, student, outcome], 0);
    }
  }
}

function infoLabels(manifest: Manifest) {
  const { name: student, version, architecture } = manifest;
  return { student, version, architecture: architectureName(architecture) };
}
