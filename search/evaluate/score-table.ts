import { meanScore } from "../../src/contract/mean-score.ts";
import { mean } from "../../src/stats.ts";
import { table } from "../reward/report.ts";
import type { PlainScore } from "./subjects.ts";

type Scores = ReadonlyMap<string, readonly PlainScore[]>;

/** Scores times 100: a row a data set with the mean over its languages, a row a language below, and the teacher's share at the end. */
export function scoreTable(students: Scores, teacher: readonly PlainScore[] | null): string {
  const names = [...students.keys()];
  const columns = [...students.values(), ...(teacher === null ? [] : [teacher])];
  const keys = distinct(columns.flat().map(({ task, dataSet }) => `${task}\t${dataSet}`));
  const rows = keys.flatMap((key) => setRows(key, columns));
  const head = ["task", "data set", "language", "metric", "rows", ...names, ...(teacher === null ? [] : ["teacher"])];
  const shares = teacher === null ? [] : [shareTable(students, teacher)];
  return [table(head, rows), ...shares].join("\n\n");
}

function setRows(key: string, columns: readonly (readonly PlainScore[])[]): string[][] {
  const [task, dataSet] = key.split("\t") as [string, string];
  const own = columns.map((scores) => scores.filter((score) => score.task === task && score.dataSet === dataSet));
  const languages = distinct(own.flat().map(({ language }) => language)).sort();
  const metric = own.flat()[0]?.metric ?? "";
  const rowsOf = (scores: readonly PlainScore[]) => scores.reduce((total, score) => total + score.rows, 0);
  const total = [
    task,
    dataSet,
    `mean of ${languages.length}`,
    metric,
    `${rowsOf(own.find((s) => s.length > 0) ?? [])}`,
    ...own.map(meanText),
  ];
  if (languages.length === 1) return [total.with(2, languages[0] as string)];
  const each = languages.map((language) => {
    const scores = own.map((list) => list.filter((score) => score.language === language));
    return ["", "", language, "", `${rowsOf(scores.find((s) => s.length > 0) ?? [])}`, ...scores.map(meanText)];
  });
  return [total, ...each];
}

/** What a student keeps of the teacher: mean over tasks of the ratio of mean scores (over the data sets' means). */
function shareTable(students: Scores, teacher: readonly PlainScore[]): string {
  const tasks = distinct(teacher.map(({ task }) => task));
  const rows = [...students].map(([name, scores]) => {
    const shares = tasks.map((task) => taskMean(scores, task) / taskMean(teacher, task));
    return [name, ...shares.map((share) => `${(100 * share).toFixed(1)} %`), `${(100 * mean(shares)).toFixed(1)} %`];
  });
  return table(["share of the teacher's score", ...tasks, "mean"], rows);
}

function taskMean(scores: readonly PlainScore[], task: string): number {
  return meanScore(scores.filter((score) => score.task === task));
}

function meanText(scores: readonly PlainScore[]): string {
  return scores.length === 0 ? "–" : (100 * mean(scores.map(({ student }) => student))).toFixed(1);
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}
