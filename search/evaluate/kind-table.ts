import { distinct } from "./distinct.ts";
import type { Measured, Subjects } from "./measured.ts";
import { percent, rowCount, type Table } from "./table.ts";

type Kinds = Measured["kinds"];

/**
 * Accuracy for each kind of case of the functional suites (Röttger et al. 2021): what a filter gets right, and what not; of tasks that give
 * scores, how often a case is on the right side of one of the other class. A suite in many languages has a few cases of a kind in each,
 * which are put together.
 */
export function kindTable(subjects: Subjects): Table {
  const columns = [...subjects.values()].map(({ kinds }) => kinds);
  const keys = distinct(columns.flat().map(({ dataSet, kind }) => `${dataSet}\t${kind}`)).sort();
  return {
    title: "Cases of the functional suites, accuracy in %",
    head: ["data set", "language", "kind", "rows", ...subjects.keys()],
    rows: keys.map((key) => {
      const [dataSet, kind] = key.split("\t") as [string, string];
      const own = columns.map((kinds) => kinds.filter((k) => k.dataSet === dataSet && k.kind === kind));
      const languages = distinct(own.flat().map(({ language }) => language));
      const language = languages.length === 1 ? (languages[0] as string) : `all ${languages.length}`;
      return [dataSet, language, kind, rowCount(own), ...own.map((kinds) => percent(caseAccuracy(kinds)))];
    }),
  };
}

/** Over all cases, each counting the same; null without any. */
export function caseAccuracy(kinds: Kinds): number | null {
  const cases = kinds.reduce((total, { rows }) => total + rows, 0);
  return cases === 0 ? null : kinds.reduce((hits, { accuracy, rows }) => hits + accuracy * rows, 0) / cases;
}
