import { UnavailableError, UnknownModelError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { mean } from "../../src/stats.ts";
import { ShedError } from "../queue/shed-error.ts";
import type { Student } from "../students/student.ts";

/** Which student answers: by name, or the most accurate that is fast enough. */
export interface Wish {
  /** Tasks to be answered in one pass. */
  readonly tasks: readonly string[];
  readonly name?: string | undefined;
  readonly budgetMs?: number | undefined;
  /** What is left of the budget. @default all of it */
  readonly leftMs?: number | undefined;
  /** Ids of students that were asked and could not keep the deadline. */
  readonly tried?: ReadonlySet<string>;
  /** Rather no answer than one that will be late. */
  readonly inTime?: boolean | undefined;
  /** A faster student has answered: what its pass took tells of no load. */
  readonly afterFaster?: boolean | undefined;
}

/** Time until this request's answer, ms. */
export interface Estimate {
  /** 95th percentile in the queue as it is. */
  readonly p95Ms: number;
  /** What it should take with no queue. */
  readonly aloneMs: number;
  /** Expected time until a worker takes it up; 0 while nothing waits. */
  readonly waitMs: number;
  /** Share of the workers' time that the student would take if it answered all that comes. */
  readonly busyShare: number;
}

export interface Choice {
  readonly student: Student;
  /** Budget or load ruled out a more accurate student. */
  readonly downgraded: boolean;
  /** The budget will probably be missed: not even an idle server could keep it. */
  readonly hopeless: boolean;
}

/**
 * Share of the workers' time up to which a student that is not the fastest is asked. Beyond it queues grow until it just does not
 * fit any more, and threads that are busy to the brim leave the event loop no time.
 */
const mostBusy = 0.5;
/** Share of the budget that may be gone, spent or waited, when such a student is still asked, and up to which the fastest tries. */
const patience = 0.2;

/**
 * Steps down to faster students before it sheds, and before queues grow. While little waits, the fastest tries what it should,
 * though it may not, do in time: a late answer costs no more than a refusal, on an idle server a caution that was learnt in a
 * busy hour would never be unlearnt, and a budget that no student could ever keep is no more likely to be kept later.
 * @throws {UnknownModelError} when no student has this name or covers the tasks.
 * @throws {UnavailableError} when there is no student at all.
 * @throws {ShedError} when the queue leaves no student time enough; it says when one should have.
 */
export function chooseStudent(
  students: readonly Student[],
  wish: Wish,
  estimate: (student: Student) => Estimate,
): Choice {
  const ranked = rankStudents(students, wish);
  const best = must(ranked[0]);
  if (wish.budgetMs === undefined) return { student: best, downgraded: false, hopeless: false };
  const { budgetMs, leftMs = budgetMs } = wish;
  const left = ranked.filter(({ id }) => !wish.tried?.has(id)).map((student) => ({ student, ...estimate(student) }));
  const [fastest] = left.toSorted((a, b) => a.aloneMs - b.aloneMs);
  const goneMs = wish.afterFaster ? 0 : budgetMs - leftMs;
  const hasTime = ({ waitMs, busyShare }: Estimate) => busyShare <= mostBusy && goneMs + waitMs <= patience * budgetMs;
  // Where a late answer is no use there is another one already, of a faster student.
  const mayTry = (each: (typeof left)[number]) => (each === fastest && !wish.inTime) || hasTime(each);
  const fitting = left.find((each) => each.p95Ms <= leftMs && mayTry(each));
  if (fitting) return { student: fitting.student, downgraded: fitting.student !== best, hopeless: false };
  if (fastest && !wish.inTime) {
    const hopeless = fastest.waitMs === 0 && fastest.aloneMs > budgetMs;
    const should = fastest.waitMs <= patience * budgetMs && fastest.waitMs + fastest.aloneMs <= leftMs;
    if (hopeless || should) return { student: fastest.student, downgraded: fastest.student !== best, hopeless };
  }
  const overMs = (fastest?.p95Ms ?? leftMs) - leftMs;
  const reason = wish.tried?.size ? "expired" : "budget";
  throw new ShedError(reason, "no student can answer within the latency budget now", retrySeconds(overMs));
}

/** While a server starts, what is asked for may be on its way. @throws {UnavailableError} when there is no student at all. */
export function checkLoaded(students: readonly Student[]): void {
  if (students.length === 0) throw new UnavailableError("no student is loaded");
}

/** In whole seconds, as the `Retry-After` header wants it. */
function retrySeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

/**
 * The students that could answer, the most accurate first.
 * @throws {UnknownModelError | UnavailableError}
 */
export function rankStudents(students: readonly Student[], { tasks, name }: Wish): readonly Student[] {
  checkLoaded(students);
  if (name !== undefined) return [named(students, tasks, name)];
  const able = covering(students, tasks);
  if (able.length === 1) return able;
  const accuracyOf = accuracyAmong(able, tasks);
  return able.toSorted((a, b) => accuracyOf(b) - accuracyOf(a));
}

/** Students that cover all of the tasks. */
function covering(students: readonly Student[], tasks: readonly string[]): Student[] {
  const able = students.filter((student) => tasks.every((task) => student.tasks.has(task)));
  if (able.length === 0) throw new UnknownModelError(`no student covers ${tasks.join(" and ")}`);
  return able;
}

function named(students: readonly Student[], tasks: readonly string[], name: string): Student {
  const student = students.find((s) => s.manifest.name === name);
  if (student === undefined) throw new UnknownModelError("no student has this name; GET /v1/students lists them");
  const lacking = tasks.find((task) => !student.tasks.has(task));
  if (lacking !== undefined) throw new UnknownModelError(`${student.manifest.name} does not cover ${lacking}`);
  return student;
}

/**
 * How accurate students that cover some tasks are: the mean over those of the tasks that all of them have scores for. Where there is no
 * such task, those without all scores come last.
 */
export function accuracyAmong(students: readonly Student[], tasks: readonly string[]): (student: Student) => number {
  const accuracy = (student: Student, task: string) => must(student.tasks.get(task)).accuracy;
  const isScored = (student: Student, task: string) => accuracy(student, task) !== Number.NEGATIVE_INFINITY;
  const shared = tasks.filter((task) => students.every((student) => isScored(student, task)));
  const counted = shared.length > 0 ? shared : tasks;
  return (student) =>
    counted.every((task) => isScored(student, task)) ? mean(counted.map((task) => accuracy(student, task))) : -1e9;
}

/**
 * The text tasks that are answered together: those of the student that covers most.
 * @throws {UnavailableError} when there is no student at all.
 * @throws {UnknownModelError} when no student has this name, or none of them a task over single texts.
 */
export function tasksInOnePass(students: readonly Student[], name: string | undefined): string[] {
  checkLoaded(students);
  const able = name === undefined ? students : [named(students, [], name)];
  const covered = able.map((s) => [...s.tasks.values()].filter((t) => t.task.input === "text").map((t) => t.task.name));
  const broadest = covered.reduce((most, tasks) => (tasks.length > most.length ? tasks : most), [] as string[]);
  if (broadest.length === 0) throw new UnknownModelError("no task over single texts is covered");
  return broadest;
}
