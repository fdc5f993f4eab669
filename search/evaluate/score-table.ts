import { mean } from "../../src/stats.ts";
import { distinct } from "./distinct.ts";
import type { Measured, Subjects } from "./measured.ts";
import { type Cell, percent, rowCount, type Table } from "./table.ts";

type Scores = Measured["scores"];

/** A row a data set with the mean over its languages, a row a language below. */
export function scoreTable(subjects: Subjects): Table {
  const columns = [...subjects.values()].map(({ scores }) => scores);
  const keys = distinct(columns.flat().map(({ task, dataSet }) => `${task}\t${dataSet}`));
  return {
    title: "Scores on validation data, times 100",
    head: ["task", "data set", "language", "metric", "rows", ...subjects.keys()],
    rows: keys.flatMap((key) => setRows(key, columns)),
  };
}

function setRows(key: string, columns: readonly Scores[]): Cell[][] {
  const [task, dataSet] = key.split("\t") as [string, string];
  const own = columns.map((scores) => scores.filter((score) => score.task === task && score.dataSet === dataSet));
  const languages = distinct(own.flat().map(({ language }) => language)).sort();
  const metric = own.flat()[0]?.metric ?? "";
  const total: Cell[] = [task, dataSet, `mean of ${languages.length}`, metric, rowCount(own), ...own.map(meanOf)];
  if (languages.length === 1) return [total.with(2, languages[0] as string)];
  const each = languages.map((language) => {
    const scores = own.map((list) => list.filter((score) => score.language === language));
    return ["", "", language, "", rowCount(scores), ...scores.map(meanOf)];
  });
  return [total, ...each];
}

function meanOf(scores: Scores): number | null {
  return percent(mean(scores.map(({ student }) => student)));
}
