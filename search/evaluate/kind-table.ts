import { distinct } from "./distinct.ts";
import type { Subjects } from "./measured.ts";
import { percent, type Table } from "./table.ts";

/** Accuracy for each kind of case of the functional suites (Röttger et al. 2021): what a filter gets right, and what not. */
export function kindTable(subjects: Subjects): Table {
  const all = [...subjects.values()].flatMap(({ kinds }) => kinds);
  const keys = distinct(all.map(({ dataSet, language, kind }) => `${dataSet}\t${language}\t${kind}`)).sort();
  return {
    title: "Cases of the functional suites, accuracy in %",
    head: ["data set", "language", "kind", "rows", ...subjects.keys()],
    rows: keys.map((key) => {
      const [dataSet, language, kind] = key.split("\t") as [string, string, string];
      const own = [...subjects.values()].map(({ kinds }) =>
        kinds.find((k) => k.dataSet === dataSet && k.language === language && k.kind === kind),
      );
      const rows = String(own.find((k) => k !== undefined)?.rows ?? 0);
      return [dataSet, language, kind, rows, ...own.map((k) => percent(k?.accuracy))];
    }),
  };
}
