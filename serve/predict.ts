import type { Result } from "../src/contract/prediction.ts";
import { must } from "../src/invariant.ts";
import type { Batcher, Client, Outcome } from "./batcher.ts";
import { chooseStudent } from "./choose.ts";
import type { Metrics } from "./metrics.ts";
import type { Registry } from "./registry.ts";
import type { Runner } from "./runner.ts";
import { costOf, type Student, type StudentTask } from "./student.ts";

/** From checked inputs to results, whatever the route they came by. Knows nothing of HTTP. */
export interface Predictor {
  readonly registry: Registry;
  readonly batcher: Batcher;
  readonly runner: Runner;
  readonly metrics: Metrics;
}

export interface PredictRequest {
  readonly tasks: readonly string[];
  readonly input: "text" | "pair";
  /** For each item its text, or source and target; an error for one that cannot be answered. */
  readonly items: readonly (readonly string[] | Error)[];
  readonly student?: string | undefined;
  readonly budgetMs?: number | undefined;
  readonly client: Client;
}

/** Results of an item by task. */
export type ItemResult = Readonly<Record<string, Result>> | Error;

export interface Prediction {
  readonly student: Student;
  readonly downgraded: boolean;
  /** One for each item, in their order. */
  readonly results: readonly ItemResult[];
  readonly timing: Timing;
}

/** The longest that an item of the request spent in each stage, ms. */
export interface Timing {
  readonly queue: number;
  readonly tokenize: number;
  readonly infer: number;
  readonly post: number;
}

/**
 * Answers every item, or says why not. @throws the first item's error when none could be answered.
 * @throws {UnknownModelError | UnavailableError | OverloadedError}
 */
export async function predict(deps: Predictor, request: PredictRequest): Promise<Prediction> {
  const started = performance.now();
  const texts = request.items.filter((item) => !(item instanceof Error)) as (readonly string[])[];
  const wish = { tasks: request.tasks, name: request.student, budgetMs: request.budgetMs };
  const waitMs = deps.batcher.backlogMs();
  const { student, downgraded } = chooseStudent(
    deps.registry.students(),
    wish,
    (s) => waitMs + predictMs(deps, s, texts),
  );
  if (request.items[0] instanceof Error && texts.length === 0) throw request.items[0];
  const release = deps.registry.lease(student);
  try {
    const outcomes = await Promise.allSettled(deps.batcher.submit(toGroup(student, request, texts)));
    const prediction = toPrediction(deps, request, student, downgraded, outcomes);
    countBudget(deps, request, prediction, performance.now() - started);
    return prediction;
  } finally {
    release();
  }
}

/** Time of a request's texts when they are spread over the workers. */
function predictMs({ runner }: Predictor, student: Student, items: readonly (readonly string[])[]): number {
  let total = 0;
  for (const texts of items) total += costOf(student, texts, "p95Ms").latencyMs;
  return total / Math.max(1, Math.min(runner.size, items.length));
}

function toGroup(student: Student, request: PredictRequest, items: readonly (readonly string[])[]) {
  const { tasks, input, client } = request;
  return {
    student: { id: student.id, name: student.manifest.name },
    input,
    tasks,
    client,
    items: items.map((texts) => {
      const { tokens, latencyMs } = costOf(student, texts, "p50Ms");
      return { texts, tokens, costMs: latencyMs };
    }),
  };
}

function toPrediction(
  deps: Predictor,
  request: PredictRequest,
  student: Student,
  downgraded: boolean,
  settled: readonly PromiseSettledResult<Outcome>[],
): Prediction {
  const started = performance.now();
  const name = student.manifest.name;
  const tasks = request.tasks.map((task) => must(student.tasks.get(task)));
  let next = 0;
  const answered: Outcome[] = [];
  const results = request.items.map((item): ItemResult => {
    if (item instanceof Error) return item;
    const outcome = must(settled[next++]);
    if (outcome.status === "rejected") return outcome.reason as Error;
    answered.push(outcome.value);
    return toItemResult(tasks, outcome.value);
  });
  if (answered.length === 0) throw must(results.find((result) => result instanceof Error));
  const post = performance.now() - started;
  for (const outcome of answered) {
    deps.metrics.stage(name, "queue", outcome.queueMs);
    deps.metrics.stage(name, "post", post / answered.length);
    for (const task of request.tasks) deps.metrics.answered(task, name, outcome.tokens);
  }
  return { student, downgraded, results, timing: toTiming(answered, post) };
}

function toItemResult(tasks: readonly StudentTask[], outcome: Outcome): Readonly<Record<string, Result>> {
  const results: Record<string, Result> = {};
  for (const { task, entry } of tasks) {
    const result = task.toResult(must(outcome.logits[task.name]), entry);
    results[task.name] = outcome.truncated ? { ...result, truncated: true } : result;
  }
  return results;
}

function toTiming(outcomes: readonly Outcome[], post: number): Timing {
  const longest = (of: (outcome: Outcome) => number) => outcomes.reduce((most, o) => Math.max(most, of(o)), 0);
  return {
    queue: longest((o) => o.queueMs),
    tokenize: longest((o) => o.tokenizeMs),
    infer: longest((o) => o.inferMs),
    post,
  };
}

function countBudget({ metrics }: Predictor, request: PredictRequest, prediction: Prediction, tookMs: number): void {
  if (request.budgetMs === undefined) return;
  const kept = prediction.downgraded ? "downgraded" : "met";
  const outcome = tookMs > request.budgetMs ? "missed" : kept;
  for (const task of request.tasks) metrics.budget(task, prediction.student.manifest.name, outcome);
}
