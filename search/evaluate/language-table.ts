import { mean } from "../../src/stats.ts";
import { distinct } from "./distinct.ts";
import type { Measured, Subjects } from "./measured.ts";
import { percent, type Table } from "./table.ts";

/** Sets of fewer languages say it all in the table of scores, of more are too wide to read. */
const [fewest, most] = [3, 24];

/** A table a data set that compares languages: a row a subject, a column a language. */
export function languageTables(subjects: Subjects): Table[] {
  const all = [...subjects.values()].flatMap(({ scores }) => scores);
  return distinct(all.map(({ task, dataSet }) => `${task}\t${dataSet}`)).flatMap((key) => {
    const [task, dataSet] = key.split("\t") as [string, string];
    const of = ({ scores }: Measured) => scores.filter((s) => s.task === task && s.dataSet === dataSet);
    const languages = distinct(all.filter((s) => s.task === task && s.dataSet === dataSet).map((s) => s.language));
    if (languages.length < fewest || languages.length > most || dataSet.startsWith("sample_")) return [];
    const rows = [...subjects].map(([name, measured]) => {
      const own = of(measured);
      const each = languages.map((language) => percent(own.find((s) => s.language === language)?.student));
      return [name, ...each, percent(mean(own.map(({ student }) => student)))];
    });
    return [{ title: `${dataSet} (${task}) by language, times 100`, head: ["", ...languages, "mean"], rows }];
  });
}
