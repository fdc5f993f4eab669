import { distinct } from "./distinct.ts";
import type { Measured, Subjects } from "./measured.ts";
import { type Cell, percent, type Table } from "./table.ts";

/** Languages that are known to be close, as tables of all against all. */
const families: readonly (readonly string[])[] = [
  ["hr", "sr", "bs", "sl"],
  ["id", "ms"],
  ["nb", "nn", "da", "sv"],
  ["is", "fo"],
  ["cs", "sk"],
  ["es", "gl", "pt", "ca"],
  ["af", "nl", "fy"],
  ["zu", "xh", "ss"],
  ["nso", "st", "tn"],
  ["be", "ru", "uk", "bg", "mk"],
  ["az", "tr", "tk"],
  ["bo", "dz"],
  ["yue", "zh"],
];

/** Share of a language's rows from which on a mistake is listed, in [0, 1]. */
const noticeable = 0.05;

/** One table a subject and family: rows are the languages, columns the answers, in per cent of a language's rows. */
export function confusionTables(subjects: Subjects): Table[] {
  return [...subjects].flatMap(([name, { confusions }]) => {
    const judged = new Set(confusions.map(({ language }) => language));
    return families
      .map((family) => family.filter((language) => judged.has(language)))
      .filter((family) => family.length > 1)
      .map((family) => familyTable(name, family, confusions));
  });
}

function familyTable(name: string, family: readonly string[], confusions: Measured["confusions"]): Table {
  return {
    title: `${name}: which of ${family.join(", ")} is answered, %`,
    head: ["is", ...family, "other"],
    rows: family.map((language): Cell[] => {
      const shares = family.map((answer) => shareOf(confusions, language, answer));
      const other = 1 - shares.reduce((sum, share) => sum + share, 0);
      return [language, ...shares.map(percent), percent(Math.max(0, other))];
    }),
  };
}

/** Every mistake that a noticeable share of a language's rows falls to, the most frequent first. */
export function mistakeTable(subjects: Subjects): Table {
  const pairs = [...subjects].flatMap(([name, { confusions }]) =>
    confusions
      .filter(({ language, answer }) => language !== answer)
      .map(({ language, answer }) => ({ name, language, answer, share: shareOf(confusions, language, answer) }))
      .filter(({ share }) => share >= noticeable),
  );
  const keys = distinct(pairs.map(({ language, answer }) => `${language}\t${answer}`));
  const shareIn = (name: string, key: string) =>
    pairs.find((p) => p.name === name && `${p.language}\t${p.answer}` === key)?.share;
  const worst = (key: string) => Math.max(...[...subjects.keys()].map((name) => shareIn(name, key) ?? 0));
  return {
    title: `Languages taken for others in ${100 * noticeable} % of their rows or more, %`,
    head: ["is", "answered", ...subjects.keys()],
    rows: keys
      .sort((a, b) => worst(b) - worst(a))
      .map((key) => [...key.split("\t"), ...[...subjects.keys()].map((name) => percent(shareIn(name, key)))]),
  };
}

function shareOf(confusions: Measured["confusions"], language: string, answer: string): number {
  const own = confusions.filter((c) => c.language === language);
  const hits = own.filter((c) => c.answer === answer).reduce((sum, { rows }) => sum + rows, 0);
  return hits / own.reduce((sum, { rows }) => sum + rows, 0);
}
