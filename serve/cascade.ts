import { AppError } from "../src/errors.ts";
import { must } from "../src/invariant.ts";
import { language } from "../src/tasks/language.ts";
import { type Answer, type Answers, type Asked, answerItems, type Predictor, type Question } from "./answer.ts";
import { accuracyAmong, rankStudents } from "./choose.ts";
import type { Student } from "./student.ts";

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
  const { fast, large } = pair;
  const tasks = fast.tasks.has(language.name) ? [...new Set([...question.tasks, language.name])] : question.tasks;
  // Its thresholds hold for this version of it and no other.
  const first = await answerItems(deps, { ...question, tasks, student: fast.manifest.name, liveOnly: true }, items);
  const unsure = Array.from(items.keys()).filter((i) => !isSure(must(first.answers[i]), fast, question.tasks));
  count(deps, question, "confident", items.length - unsure.length);
  if (unsure.length === 0) return first;
  const second = await escalate(
    deps,
    question,
    large,
    unsure.map((i) => must(items[i])),
  );
  const answers = [...first.answers];
  let kept = 0;
  unsure.forEach((at, i) => {
    const answer = must(second[i]);
    if (answer instanceof Error) kept++;
    else answers[at] = answer;
  });
  count(deps, question, "escalated", unsure.length - kept);
  count(deps, question, "kept", kept);
  return { answers, downgraded: kept > 0 };
}

/** Errors where the larger student has no time for it, or fails: then the first answer stands. */
async function escalate(deps: Predictor, question: Question, large: Student, items: readonly Asked[]) {
  try {
    return (await answerItems(deps, { ...question, student: large.manifest.name, inTime: true }, items)).answers;
  } catch (cause) {
    if (cause instanceof AppError) return items.map(() => cause);
    throw cause;
  }
}

/** A fast student, and the larger one that its thresholds were fitted for, if that is as good as the most accurate. */
function findPair({ registry }: Predictor, { tasks, student, input }: Question) {
  if (student !== undefined || input === "pair") return undefined;
  const ranked = rankStudents(registry.students(), { tasks });
  const accuracyOf = accuracyAmong(ranked, tasks);
  const least = accuracyOf(must(ranked[0])) - asGood;
  for (const [at, fast] of ranked.entries()) {
    const { cascade } = fast.manifest;
    if (!tasks.every((task) => cascade?.tasks.some((entry) => entry.task === task))) continue;
    const { name, version } = must(cascade).to;
    const large = ranked.slice(0, at).find(({ manifest }) => manifest.name === name && manifest.version === version);
    if (large !== undefined && accuracyOf(large) >= least) return { fast, large };
  }
  return undefined;
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
