import type { Score } from "../../src/contract/manifest.ts";
import { meanScore } from "../../src/contract/mean-score.ts";
import { mean } from "../../src/stats.ts";
import { withoutSuites } from "../corpus/known-sets.ts";
import { distinct } from "./distinct.ts";
import { caseAccuracy } from "./kind-table.ts";
import type { Measured, Subjects } from "./measured.ts";
import { type Cell, percent, type Table } from "./table.ts";

/** The figures that a student is chosen by: a mean a task, the suites of cases, and the share of the teacher's score. */
export function summaryTable(subjects: Subjects, teacher: string | null): Table {
  const columns = [...subjects.values()];
  const tasks = distinct(columns.flatMap(({ scores }) => scores.map(({ task }) => task)));
  const suites = distinct(columns.flatMap(({ kinds }) => kinds.map(({ dataSet }) => dataSet)));
  const row = (name: string, valueIn: (m: Measured) => number | null): Cell[] => [
    name,
    ...columns.map((m) => percent(valueIn(m))),
  ];
  const ceiling = teacher === null ? undefined : subjects.get(teacher);
  const taught = tasks.filter((task) => ceiling?.scores.some((score) => score.task === task));
  return {
    title: "In short, times 100",
    head: ["", ...subjects.keys()],
    rows: [
      ...tasks.map((task) => row(`${task}, ${metricOf(task, columns)}, mean over data sets`, (m) => taskMean(m, task))),
      ...suites.map((suite) => row(`${suite}, cases that are told right`, (m) => suiteAccuracy(m, suite))),
      ...(ceiling === undefined
        ? []
        : taught.map((task) => row(`${task}, share of the teacher's`, share(ceiling, task)))),
      ...(ceiling === undefined
        ? []
        : [row("mean share of the teacher's", (m) => mean(taught.map((task) => share(ceiling, task)(m))))]),
    ],
  };
}

function share(ceiling: Measured, task: string): (m: Measured) => number {
  return (m) => taskMean(m, task) / taskMean(ceiling, task);
}

/** Suites of cases are judged by their cases; in the mean they would count for a task that they only probe, unless it has nothing else. */
function taskMean({ scores }: { readonly scores: readonly Omit<Score, "teacher">[] }, task: string): number {
  const own = scores.filter((score) => score.task === task);
  return meanScore(withoutSuites(own, ({ dataSet }) => dataSet));
}

function metricOf(task: string, columns: readonly Measured[]): string {
  return columns.flatMap(({ scores }) => scores).find((score) => score.task === task)?.metric ?? "";
}

function suiteAccuracy({ kinds }: Measured, dataSet: string): number | null {
  return caseAccuracy(kinds.filter((kind) => kind.dataSet === dataSet));
}
