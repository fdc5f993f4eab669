import { AppError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { language } from "../../src/tasks/language.ts";
import { ShedError } from "../queue/shed-error.ts";
import { type Student, slownessOf } from "../students/student.ts";
import {
  type Answer,
  type Answers,
  type Asked,
  answerItems,
  givenUp,
  orErrors,
  type Predictor,
  type Question,
  toAskAgain,
  withAnswers,
} from "./answer.ts";
import { accuracyAmong, rankStudents } from "./choose.ts";

/** Accuracy that the larger student of a cascade may lack of the most accurate one: as much as a cascade may lose by default. */
const asGood = 0.005;

/**
 * A fast student is asked first; what it is not sure enough of goes to a larger one. How sure it has to be was
 * fitted on validation rows for each task and language (`npm run cascade`) and stands in the fast student's manifest, for this
 * one pair of versions. The language is the fast student's own guess, from the same pass.
 */
export async function answerInCascade(deps: Predictor, question: Question, items: readonly Asked[]): Promise<Answers> {
  const pair = findPair(deps, question);
  if (pair === undefined) return await answerItems(deps, question, items);
  const first = await askFast(deps, question, pair, items);
  const own = Array.from(items.keys()).filter((i) => isOwn(must(first.answers[i]), pair));
  const unsure = own.filter((i) => !isSure(must(first.answers[i]), pair.fast, question.tasks));
  count(deps, question, "confident", own.length - unsure.length);
  // Nobody waits for the larger one's word where the client has left.
  if (unsure.length === 0 || question.client.aborted) return first;
  const second = await askInTime(deps, { ...question, afterFaster: true }, pair.large, itemsAt(items, unsure));
  const better = [...second.keys()].filter((i) => !(second[i] instanceof Error));
  const kept = unsure.length - better.length;
  count(deps, question, "escalated", better.length);
  count(deps, question, "kept", kept);
  const places = better.map((i) => must(unsure[i]));
  const answers = withAnswers(
    first.answers,
    places,
    better.map((i) => must(second[i])),
  );
  return { answers, downgraded: first.downgraded || kept > 0 };
}

/** Whoever keeps the budget answers, as without a cascade, what the fast student has no time for and a faster one may have. */
async function askFast(deps: Predictor, question: Question, pair: Pair, items: readonly Asked[]): Promise<Answers> {
  const { fast, isFastest } = pair;
  const tasks = fast.tasks.has(language.name) ? [...new Set([...question.tasks, language.name])] : question.tasks;
  // Its thresholds hold for this version of it and no other.
  const own = { ...question, tasks, liveOnly: true };
  if (isFastest) return await answerItems(deps, { ...own, student: fast.manifest.name }, items);
  const answers = await askInTime(deps, own, fast, items);
  const left = [...answers.keys()].filter((i) => answers[i] instanceof Error);
  if (left.length === 0) return { answers, downgraded: false };
  if (question.client.aborted) return { answers: givenUp(answers, left), downgraded: false };
  const rest = toAskAgain(items, answers, left);
  // Where it was asked, its work has been offered, and nobody asks it twice.
  const tried = new Set<string>(answers.some(isRefused) ? [] : [fast.id]);
  const others = await orErrors(rest, () => answerItems(deps, question, rest, tried));
  return { answers: withAnswers(answers, left, others.answers), downgraded: others.downgraded };
}

/** Errors where the student has no time for it, or fails: another one's answer stands, or is asked for. */
async function askInTime(deps: Predictor, question: Question, student: Student, items: readonly Asked[]) {
  try {
    return (await answerItems(deps, { ...question, student: student.manifest.name, inTime: true }, items)).answers;
  } catch (cause) {
    if (cause instanceof AppError) return items.map(() => cause);
    throw cause;
  }
}

/** Nobody was asked: there was no time from the start. */
function isRefused(answer: Answer | Error): boolean {
  return answer instanceof ShedError && answer.reason === "budget";
}

function itemsAt(items: readonly Asked[], places: readonly number[]): Asked[] {
  return places.map((place) => must(items[place]));
}

interface Pair {
  readonly fast: Student;
  readonly large: Student;
  /** No student is faster than the fast one. */
  readonly isFastest: boolean;
}

/** A fast student, and the larger one that its thresholds were fitted for, if that is as good as the most accurate. */
function findPair({ registry }: Predictor, { tasks, student, input }: Question): Pair | undefined {
  if (student !== undefined || input === "pair") return undefined;
  const ranked = rankStudents(registry.students(), { tasks });
  const accuracyOf = accuracyAmong(ranked, tasks);
  const least = accuracyOf(must(ranked[0])) - asGood;
  for (const [at, fast] of ranked.entries()) {
    const { cascade } = fast.manifest;
    if (!tasks.every((task) => cascade?.tasks.some((entry) => entry.task === task))) continue;
    const { name, version } = must(cascade).to;
    const large = ranked.slice(0, at).find(({ manifest }) => manifest.name === name && manifest.version === version);
    const isFastest = ranked.every((other) => slownessOf(other) >= slownessOf(fast));
    if (large !== undefined && accuracyOf(large) >= least) return { fast, large, isFastest };
  }
  return undefined;
}

/** Whether it is the fast student's word; an error is where nobody else was asked since. */
function isOwn(answer: Answer | Error, { fast, isFastest }: Pair): boolean {
  return answer instanceof Error ? isFastest : answer.student.id === fast.id;
}

function isSure(answer: Answer | Error, { manifest }: Student, tasks: readonly string[]): boolean {
  if (answer instanceof Error) return false;
  const code = answer.results[language.name]?.label ?? "";
  return tasks.every((task) => {
    const { threshold, languages } = must(manifest.cascade?.tasks.find((entry) => entry.task === task));
    return must(answer.results[task]).score > (languages[code] ?? threshold);
  });
}

function count(
  { metrics }: Predictor,
  { tasks }: Question,
  outcome: "confident" | "escalated" | "kept",
  items: number,
) {
  for (const task of tasks) metrics.cascade(task, outcome, items);
}
