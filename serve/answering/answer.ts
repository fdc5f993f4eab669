import { UnavailableError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Drift } from "../drift/drift.ts";
import type { Runner } from "../engine/runner.ts";
import type { Feedback } from "../feedback/feedback.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Batcher } from "../queue/batcher.ts";
import type { Outcome } from "../queue/outcome.ts";
import { LateError } from "../queue/take-batch.ts";
import type { Client, Item } from "../queue/waiting-items.ts";
import type { Rollouts } from "../rollout/rollouts.ts";
import type { Registry } from "../students/registry.ts";
import { costOf, type Student } from "../students/student.ts";
import type { AnswerCache, Remembered } from "./cache.ts";
import { type Choice, chooseStudent, type Estimate } from "./choose.ts";
import { toResults } from "./to-results.ts";

/** All that predictions work with. */
export interface Predictor {
  readonly registry: Registry;
  readonly batcher: Batcher;
  readonly runner: Runner;
  readonly metrics: Metrics;
  readonly cache: AnswerCache;
  readonly drift: Drift;
  readonly rollouts: Rollouts;
  /** Whether a fast student is asked first. */
  readonly cascade: boolean;
  /** Null where no corrections are taken. */
  readonly feedback: Feedback | null;
}

/** What is asked about all items of a request. */
export interface Question {
  readonly tasks: readonly string[];
  readonly input: "text" | "pair";
  readonly client: Client;
  /** Only this student may answer. */
  readonly student?: string | undefined;
  readonly budgetMs?: number | undefined;
  /** When the answer must be there, by `performance.now()`; comes with a budget. */
  readonly deadline?: number | undefined;
  /** Rather no answer than one that will be late. */
  readonly inTime?: boolean | undefined;
  /** A faster student has answered: what its pass took tells of no load. */
  readonly afterFaster?: boolean | undefined;
  /** No canary stands in: a version was named, or one was asked and failed. */
  readonly liveOnly?: boolean | undefined;
}

/** An item's texts, and its place in the queue where it had one. */
export type Asked = Pick<Item, "texts" | "place">;

/** What one student says to one item. */
export interface Answer extends Remembered {
  readonly student: Student;
  readonly queueMs: number;
  readonly tokenizeMs: number;
  readonly inferMs: number;
  /** Its share of the batch's work; 0 for an answer that was remembered. */
  readonly workMs: number;
}

export interface Answers {
  /** One for each item, in their order. */
  readonly answers: readonly (Answer | Error)[];
  /** Budget or load ruled out a more accurate student for some. */
  readonly downgraded: boolean;
}

/**
 * Asks the most accurate student that is fast enough. Items whose turn comes too late for it are asked of a faster one,
 * and are given up when there is none.
 * @throws {UnknownModelError | UnavailableError | ShedError} when none can be asked now.
 */
export async function answerItems(
  deps: Predictor,
  question: Question,
  items: readonly Asked[],
  tried: ReadonlySet<string> = new Set(),
): Promise<Answers> {
  const inquiry = createInquiry(deps, question, items);
  const { student, downgraded, hopeless } = choose(deps, question, inquiry, tried);
  const canary = findCanary(deps, question, inquiry, student);
  const answers = await inquiry.ask(canary ?? student, hopeless);
  deps.rollouts.answered(canary ?? student, question, items, answers);
  const first = { answers, downgraded };
  if (canary) return await askAgain(deps, { ...question, liveOnly: true }, items, first, isError, tried);
  // Whoever wants an answer in time has another one, or asks for it with the place of what was late.
  if (question.inTime) return first;
  return await askAgain(deps, question, items, first, isLate, new Set([...tried, student.id]));
}

/** Only for a share of the requests, and not where it would be late. */
function findCanary(deps: Predictor, question: Question, inquiry: Inquiry, student: Student): Student | undefined {
  if (question.liveOnly) return undefined;
  const canary = deps.rollouts.canaryOf(student, question.client);
  if (canary === undefined || question.deadline === undefined) return canary;
  return inquiry.estimate(canary).p95Ms <= question.deadline - performance.now() ? canary : undefined;
}

const isLate = (answer: Answer | Error) => answer instanceof LateError;
const isError = (answer: Answer | Error) => answer instanceof Error;

/** Asks those items again whose answers are no good, of whom the question then allows. */
async function askAgain(
  deps: Predictor,
  question: Question,
  items: readonly Asked[],
  { answers, downgraded }: Answers,
  isBad: (answer: Answer | Error) => boolean,
  tried: ReadonlySet<string>,
): Promise<Answers> {
  const bad = Array.from(answers.keys()).filter((i) => isBad(must(answers[i])));
  if (bad.length === 0) return { answers, downgraded };
  if (question.client.aborted) return { answers: givenUp(answers, bad), downgraded };
  const again = toAskAgain(items, answers, bad);
  const stepped = await orErrors(again, () => answerItems(deps, question, again, tried));
  return {
    answers: withAnswers(answers, bad, stepped.answers),
    downgraded: downgraded || stepped.downgraded,
  };
}

/** The items at these places, for somebody else to answer; a late one keeps its place in the queue. */
export function toAskAgain(items: readonly Asked[], answers: Answers["answers"], places: readonly number[]): Asked[] {
  return places.map((i) => {
    const [answer, { texts }] = [answers[i], must(items[i])];
    return answer instanceof LateError ? { texts, place: answer.place } : { texts };
  });
}

/** What leaves all items without an answer is every item's error. */
export async function orErrors(items: readonly unknown[], ask: () => Promise<Answers>): Promise<Answers> {
  try {
    return await ask();
  } catch (cause) {
    return { answers: items.map(() => cause as Error), downgraded: false };
  }
}

/** Answers with others at these places. */
export function withAnswers(
  answers: Answers["answers"],
  places: readonly number[],
  others: Answers["answers"],
): (Answer | Error)[] {
  const all = [...answers];
  places.forEach((place, i) => {
    all[place] = must(others[i]);
  });
  return all;
}

/** Answers of which these are no good, once the client has left: whoever was asked again would be counted again, and work for nobody. */
export function givenUp(answers: Answers["answers"], places: readonly number[]): (Answer | Error)[] {
  const cause = new UnavailableError("the client left");
  return withAnswers(
    answers,
    places,
    places.map(() => cause),
  );
}

function choose(deps: Predictor, question: Question, inquiry: Inquiry, tried: ReadonlySet<string>): Choice {
  const { tasks, student: name, budgetMs, deadline, inTime, afterFaster } = question;
  const leftMs = deadline === undefined ? undefined : deadline - performance.now();
  const students = deps.registry.students();
  const isFree = name === undefined && budgetMs !== undefined;
  const covers = (student: Student) => tasks.every((task) => student.tasks.has(task));
  if (isFree && tried.size === 0) offer(deps, (student) => (covers(student) ? inquiry.workMs(student) : 0));
  const choice = chooseStudent(
    students,
    { tasks, name, budgetMs, leftMs, tried, inTime, afterFaster },
    inquiry.estimate,
  );
  // What leaves no choice is there whoever answers the others.
  if (!isFree) offer(deps, () => inquiry.workMs(choice.student));
  return choice;
}

/** Counts what a question brings, as each student's work. */
function offer({ batcher, registry }: Predictor, workMs: (student: Student) => number): void {
  batcher.offered.add(new Map(registry.students().map((student) => [student.id, workMs(student)])));
}

/** A question about items, before and after it is known who answers. */
interface Inquiry {
  /** Expected time of all items in one worker. */
  workMs(student: Student): number;
  estimate(student: Student): Estimate;
  /** @param untimely answers are wanted even after the deadline. */
  ask(student: Student, untimely?: boolean): Promise<(Answer | Error)[]>;
}

function createInquiry(deps: Predictor, question: Question, items: readonly Asked[]): Inquiry {
  const waitMs = deps.batcher.waitMs(question.client);
  const known = new Map<Student, Planned>();
  const plan = (student: Student) => {
    const planned = known.get(student) ?? planFor(deps, question, items, student);
    known.set(student, planned);
    return planned;
  };
  const expectedMs = (student: Student) => expect(deps, student, plan(student).open);
  return {
    workMs: (student) => workOf(deps, student, plan(student).open),
    estimate: (student) => {
      const { speeds, offered } = deps.batcher;
      const workMs = expectedMs(student);
      // A request lies in its socket, and its reply on the way out, about as long as messages do between threads.
      const overheadMs = speeds.overheadMs();
      if (workMs === 0) return { p95Ms: 0, aloneMs: 0, waitMs: 0, busyShare: 0 };
      const busyShare = offered.busyShare(student.id, question.budgetMs ?? 0);
      return { p95Ms: speeds.p95Ms(student, waitMs + workMs) + overheadMs, aloneMs: workMs, waitMs, busyShare };
    },
    ask: async (student, untimely = false) => {
      const { open, answers } = plan(student);
      deps.cache.count({ hits: items.length - open.length, misses: open.length });
      if (open.length === 0) return answers as Answer[];
      const started = performance.now();
      const outcomes = await submit(deps, question, student, open, untimely);
      const late = outcomes.some((outcome) => outcome instanceof LateError);
      const tookMs = late ? Number.POSITIVE_INFINITY : performance.now() - started;
      deps.batcher.speeds.requestDone(student, waitMs + expectedMs(student), tookMs);
      open.forEach((item, i) => {
        answers[item.index] = toAnswer(deps, question, student, item, must(outcomes[i]));
      });
      return answers as (Answer | Error)[];
    },
  };
}

interface OpenItem extends Item {
  readonly index: number;
  readonly key: string | null;
}

/** Answers that are remembered, and the items that are not. */
interface Planned {
  readonly answers: (Answer | Error | undefined)[];
  readonly open: readonly OpenItem[];
}

function planFor(deps: Predictor, { tasks }: Question, items: readonly Asked[], student: Student): Planned {
  const open: OpenItem[] = [];
  const answers = items.map(({ texts, place }, index): Answer | undefined => {
    const key = deps.cache.key(student, deps.registry.generation, tasks, texts);
    const remembered = deps.cache.get(key);
    if (remembered) return { ...remembered, student, queueMs: 0, tokenizeMs: 0, inferMs: 0, workMs: 0 };
    const { tokens, latencyMs } = costOf(student, texts, "p50Ms");
    open.push({ texts, tokens, priorMs: latencyMs, index, key, ...(place !== undefined && { place }) });
    return undefined;
  });
  return { answers, open };
}

/** Expected time of items that are spread over the workers; 0 for none. */
function expect(deps: Predictor, student: Student, open: readonly OpenItem[]): number {
  if (open.length === 0) return 0;
  const threads = Math.max(1, Math.min(deps.runner.size, open.length));
  return deps.batcher.speeds.overheadMs() + workOf(deps, student, open) / threads;
}

function workOf({ batcher: { speeds } }: Predictor, student: Student, open: readonly OpenItem[]): number {
  let priorMs = 0;
  for (const item of open) priorMs += item.priorMs;
  return speeds.workMs(student, priorMs);
}

/** The student's sessions stay open until its outcomes are there. */
async function submit(
  deps: Predictor,
  { tasks, input, client, deadline }: Question,
  student: Student,
  items: readonly OpenItem[],
  untimely: boolean,
): Promise<(Outcome | Error)[]> {
  const release = deps.registry.lease(student);
  try {
    const timely = deadline !== undefined && !untimely && { deadline };
    return await deps.batcher.submit({ student, input, tasks, items, client, ...timely });
  } finally {
    release();
  }
}

function toAnswer(
  { cache }: Predictor,
  { tasks }: Question,
  student: Student,
  { key }: OpenItem,
  outcome: Outcome | Error,
): Answer | Error {
  if (outcome instanceof Error) return outcome;
  const results = toResults(student, tasks, outcome);
  if (results instanceof Error) return results;
  const { tokens, unknown, queueMs, tokenizeMs, inferMs, workMs } = outcome;
  cache.set(key, { results, tokens, unknown });
  return { student, results, tokens, unknown, queueMs, tokenizeMs, inferMs, workMs };
}
