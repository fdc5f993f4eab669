import { mean } from "../../src/stats.ts";
import { distinct } from "./distinct.ts";
import type { Subjects } from "./measured.ts";
import { percent, type Table } from "./table.ts";

/** Language identification on whole texts and on their first words: mean over languages, so that each counts the same. */
export function cutTable(subjects: Subjects): Table {
  const all = [...subjects.values()].flatMap(({ cuts }) => cuts);
  return {
    title: "Language identification by length of text, accuracy in %, mean over languages",
    head: ["words", "languages", ...subjects.keys()],
    rows: distinct(all.map(({ words }) => words)).map((words) => {
      const own = [...subjects.values()].map(({ cuts }) => cuts.filter((cut) => cut.words === words));
      const languages = Math.max(...own.map((cuts) => cuts.length));
      return [
        words === null ? "all" : `first ${words}`,
        String(languages),
        ...own.map((cuts) => percent(mean(cuts.map(({ accuracy }) => accuracy)))),
      ];
    }),
  };
}
