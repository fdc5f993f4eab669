import { weightedSum } from "../../src/contract/ensemble.ts";
import { isAdded } from "../../src/contract/graph-files.ts";
import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { mean } from "../../src/stats.ts";
import { taskOf } from "../../src/tasks/index.ts";
import { language } from "../../src/tasks/language.ts";
import { calibrated, type SetLogits, scoresOf } from "../heads/score.ts";
import { meanByRows } from "./mean-by-rows.ts";

/** What a student said to the validation sets of its tasks. */
export interface Voice {
  readonly name: string;
  /** As it decides them alone. */
  readonly tasks: readonly ManifestTask[];
  readonly results: readonly SetLogits[];
  /** p50 of one text. */
  readonly ms: number;
}

/** Students that answer together. */
export interface Team {
  /** The student itself first. */
  readonly members: readonly Voice[];
  /** By task, the weights of all members' logits in their order; a task that is best answered alone is left out. */
  readonly weights: ReadonlyMap<string, readonly number[]>;
  /** By task, the mean over its data sets. */
  readonly scores: ReadonlyMap<string, number>;
  /** The mean over the tasks that were learned with the encoder; over all where there are no such. */
  readonly score: number;
  readonly ms: number;
}

/**
 * A student's word, by a member's. With 1, 1.5 and 2 for a 3x384 beside a static student and a 2x312: UMSAB in seven languages 64.0,
 * 63.9, 63.6, filter sets 74.4, 74.7, 74.8. Weights of the least log-loss, fitted on half of the rows, did worse on the other
 * half than 1.5: 64.2 and 64.9.
 */
const studentWeight = 1.5;
/** The same where labels hold for any part of a text: how much letters and layers tell differs with its length, and rows are many. */
const certainWeights = [0.5, studentWeight];
/** What a team that takes twice the time has to add to the mean over tasks. */
const gainForTwice = 0.004;

/** Teams of a student and faster ones that keep a budget together, first the student alone. */
export function teamsWithin(student: Voice, faster: readonly Voice[], budgetMs: number): Team[] {
  const choices = choicesOf(student, faster);
  const teams = subsets(faster).map((some) => toTeam([student, ...some], choices));
  return teams.filter(({ ms, members }) => ms <= budgetMs || members.length === 1);
}

/** The one that answers best in the mean, less what its time has to bring. */
export function bestTeam(teams: readonly Team[]): Team {
  const worth = ({ score, ms }: Team) => score - gainForTwice * Math.log2(ms);
  return teams.reduce((best, team) => (worth(team) > worth(best) ? team : best));
}

/** How a task is answered by a student and some others. */
interface Choice {
  readonly task: string;
  /** Whether the student learned it on its finished encoder. */
  readonly isAdded: boolean;
  readonly weights: ReadonlyMap<Voice, number>;
  readonly score: number;
}

function choicesOf(student: Voice, faster: readonly Voice[]): Choice[] {
  return student.tasks.flatMap((entry) => {
    const able = faster.filter(({ tasks }) => tasks.some(({ name }) => name === entry.name));
    const judged = student.results.some(({ set }) => set.task === entry.name);
    const weights = taskOf(entry).certain ? certainWeights : [studentWeight];
    const groups = judged ? subsets(able).map((some) => [student, ...some]) : [];
    return groups.flatMap((voices) => weights.map((weight) => toChoice(voices, weight, entry)));
  });
}

/** The members that count in a task are those that do best in it. */
function toTeam(members: readonly Voice[], choices: readonly Choice[]): Team {
  const possible = choices.filter(({ weights }) => [...weights.keys()].every((one) => members.includes(one)));
  const best = new Map<string, Choice>();
  for (const choice of possible)
    if (choice.score > (best.get(choice.task)?.score ?? Number.NEGATIVE_INFINITY)) best.set(choice.task, choice);
  const together = [...best.values()].filter(({ weights }) => weights.size > 1);
  // Tasks that are added to a student may outnumber those that it was made for.
  const made = [...best.values()].filter(({ isAdded }) => !isAdded);
  return {
    score: mean((made.length > 0 ? made : [...best.values()]).map(({ score }) => score)),
    members,
    weights: new Map(together.map(({ task, weights }) => [task, members.map((one) => weights.get(one) ?? 0)])),
    scores: new Map([...best.values()].map(({ task, score }) => [task, score])),
    ms: members.reduce((sum, { ms }) => sum + ms, 0),
  };
}

/** Logits are calibrated before they are added, and their sum again. */
function toChoice(voices: readonly Voice[], studentsOwn: number, entry: ManifestTask): Choice {
  const [student] = voices as [Voice];
  const whole = studentsOwn + voices.length - 1;
  const weights = voices.map((voice) => (voice === student ? studentsOwn : 1) / whole / temperatureOf(voice, entry));
  const results = student.results.flatMap((own): SetLogits[] => {
    if (own.set.task !== entry.name) return [];
    const said = voices.map((voice) => logitsOn(voice, own));
    const rows = own.set.rows.map((_, row) => said.map((logits) => must(logits[row])));
    return [{ ...own, logits: rows.map((logits) => weightedSum(logits, weights)) }];
  });
  const task = refit(entry, results);
  const codes = student.tasks.filter(({ name }) => name === language.name && name !== entry.name);
  return {
    task: entry.name,
    isAdded: isAdded(entry),
    weights: new Map(voices.map((voice, i) => [voice, must(weights[i]) / task.temperature])),
    score: meanByRows(scoresOf(results, [task, ...codes]).filter((score) => score.task === entry.name)),
  };
}

/** On the same rows: voices have sets of their own tasks only. */
function logitsOn({ name, results }: Voice, { set: { task, dataSet, language: code } }: SetLogits) {
  const same = ({ set }: SetLogits) => set.task === task && set.dataSet === dataSet && set.language === code;
  return must(results.find(same), `${name} on ${dataSet} in ${code}`).logits;
}

/** A task with temperature and thresholds for these logits. */
export function refit({ threshold, languageThresholds, ...base }: ManifestTask, results: readonly SetLogits[]) {
  return calibrated(base, results).task;
}

function temperatureOf({ tasks }: Voice, { name }: ManifestTask): number {
  return must(
    tasks.find((task) => task.name === name),
    name,
  ).temperature;
}

/** The empty one first. */
function subsets<T>(all: readonly T[]): T[][] {
  const sets: T[][] = [[]];
  for (const one of all) sets.push(...sets.map((set) => [...set, one]));
  return sets;
}
