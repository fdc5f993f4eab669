import type { Result } from "../../src/contract/prediction.ts";
import { OverloadedError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { loopLagMs } from "../metrics/loop-lag.ts";
import { ShedError } from "../queue/shed-error.ts";
import type { Client } from "../queue/waiting-items.ts";
import { type Student, slownessOf } from "../students/student.ts";
import { type Answer, type Answers, answerItems, orErrors, type Predictor, type Question } from "./answer.ts";
import { answerInCascade } from "./cascade.ts";

/** From checked inputs to results, whatever the route they came by. Knows nothing of HTTP. */
export interface PredictRequest {
  readonly tasks: readonly string[];
  readonly input: "text" | "pair";
  /** For each item its text, or source and target; an error for one that cannot be answered. */
  readonly items: readonly (readonly string[] | Error)[];
  readonly student?: string | undefined;
  readonly budgetMs?: number | undefined;
  /** No other version may stand in for the student. */
  readonly liveOnly?: boolean | undefined;
  /** The reply is not remembered: no correction may name it. */
  readonly forget?: boolean | undefined;
  /** Since when its budget runs, by `performance.now()`. @default now */
  readonly startedMs?: number | undefined;
  readonly client: Client;
}

/** Results of an item by task. */
export type ItemResult = Readonly<Record<string, Result>> | Error;

export interface Prediction {
  /** Of several that answered, the one that answered last: the others' results name theirs. */
  readonly student: Student;
  /** Budget or load ruled out a more accurate student. */
  readonly downgraded: boolean;
  /** One for each item, in their order. */
  readonly results: readonly ItemResult[];
  /** Whose result each item's is; undefined for one that was not answered. */
  readonly answeredBy: readonly (Student | undefined)[];
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
  const { startedMs = performance.now() } = request;
  const items: { texts: readonly string[] }[] = [];
  for (const item of request.items) if (!(item instanceof Error)) items.push({ texts: item });
  if (items.length === 0) throw must(request.items[0]);
  const question = toQuestion(request, startedMs);
  const ask = deps.cascade ? answerInCascade : answerItems;
  const answers = await orErrors(items, () => ask(deps, question, items));
  countShed(deps, answers);
  orThrow(deps, request, answers);
  const prediction = toPrediction(deps, request, answers);
  countBudget(deps, request, prediction, performance.now() - startedMs);
  if (!request.forget) remember(deps, request, prediction);
  return prediction;
}

/** What no student had time or room for. */
function countShed({ metrics }: Predictor, { answers }: Answers): void {
  for (const answer of answers) if (answer instanceof ShedError) metrics.shed(answer.reason, 1);
}

/** @throws the first item's error where none was answered. */
function orThrow({ metrics }: Predictor, { tasks, budgetMs }: PredictRequest, { answers }: Answers): void {
  const [first] = answers;
  if (!(first instanceof Error && answers.every((answer) => answer instanceof Error))) return;
  if (budgetMs !== undefined && first instanceof OverloadedError) for (const task of tasks) metrics.budgetRefused(task);
  throw first;
}

/** So that a correction can name the reply; only where corrections are taken. */
function remember({ feedback }: Predictor, request: PredictRequest, { results, answeredBy }: Prediction): void {
  const { key = "", requestId } = request.client;
  if (feedback === null || requestId === undefined) return;
  const items = request.items.map((texts, i) => {
    const result = must(results[i]);
    if (texts instanceof Error || result instanceof Error) return undefined;
    const { name, version } = must(answeredBy[i]).manifest;
    return { texts, results: result, student: name, version };
  });
  feedback.replies.remember(key, requestId, { items });
}

/** The budget runs since the request came, which is before it was read: on the average half of the event loop's delay before. */
function toQuestion(request: PredictRequest, startedMs: number): Question {
  const { tasks, input, client, student, budgetMs, liveOnly } = request;
  const deadline = budgetMs === undefined ? undefined : startedMs - loopLagMs() / 2 + budgetMs;
  return { tasks, input, client, student, budgetMs, deadline, liveOnly };
}

function toPrediction(deps: Predictor, request: PredictRequest, { answers, downgraded }: Answers): Prediction {
  const started = performance.now();
  const answered = answers.filter((answer) => !(answer instanceof Error)) as Answer[];
  const student = mainStudent(answered);
  let next = 0;
  const own = request.items.map((item): Answer | Error => (item instanceof Error ? item : must(answers[next++])));
  const results = own.map((one) => (one instanceof Error ? one : toItemResult(one, request.tasks, student)));
  const answeredBy = own.map((one) => (one instanceof Error ? undefined : one.student));
  const post = performance.now() - started;
  count(deps, request, answered, post / answered.length);
  return { student, downgraded, results, answeredBy, timing: toTiming(answered, post) };
}

/** Of a cascade the last one asked, which is the most accurate. */
function mainStudent(answered: readonly Answer[]): Student {
  const first = must(answered[0]).student;
  if (answered.every(({ student }) => student.id === first.id)) return first;
  return answered.map(({ student }) => student).reduce((a, b) => (slownessOf(b) > slownessOf(a) ? b : a));
}

function toItemResult({ student, results }: Answer, tasks: readonly string[], main: Student): ItemResult {
  // Not by identity: who answers along with it may have changed meanwhile.
  const isMain = student.id === main.id;
  if (isMain && Object.keys(results).length === tasks.length) return results;
  const named = isMain ? {} : { student: student.manifest.name };
  return Object.fromEntries(tasks.map((task) => [task, { ...must(results[task]), ...named }]));
}

function count(deps: Predictor, { tasks }: PredictRequest, answered: readonly Answer[], postMs: number): void {
  const { metrics, drift } = deps;
  for (const { student, results, tokens, unknown, queueMs } of answered) {
    const { name } = student.manifest;
    metrics.stage(name, "queue", queueMs);
    metrics.stage(name, "post", postMs);
    for (const task of tasks) {
      metrics.answered(task, name, tokens);
      drift.answered(student, task, { tokens, unknown, result: must(results[task]) });
    }
  }
}

function toTiming(answers: readonly Answer[], post: number): Timing {
  const timing = { queue: 0, tokenize: 0, infer: 0, post };
  for (const { queueMs, tokenizeMs, inferMs } of answers) {
    timing.queue = Math.max(timing.queue, queueMs);
    timing.tokenize = Math.max(timing.tokenize, tokenizeMs);
    timing.infer = Math.max(timing.infer, inferMs);
  }
  return timing;
}

function countBudget({ metrics }: Predictor, request: PredictRequest, prediction: Prediction, tookMs: number): void {
  if (request.budgetMs === undefined) return;
  const kept = prediction.downgraded ? "downgraded" : "met";
  const outcome = tookMs > request.budgetMs ? "missed" : kept;
  for (const task of request.tasks) metrics.budget(task, prediction.student.manifest.name, outcome);
}
