import { must } from "../../src/invariant.ts";
import { type Random, shuffle } from "../../src/random.ts";
import { fragmentOf } from "./fragment.ts";
import { leastRows, listedLanguages } from "./languages.ts";
import { groupBy, type LabelledExample, type Material, type Prepared } from "./preparation.ts";

/** Attempts to cut fragments from a text of a language that has few of them. */
const fragmentsPerText = 8;

/** Letters and marks that typists put for each other; in Tongan, Tahitian or Uzbek they are in every second word. */
const apostrophes = ["'", "’", "‘", "ʻ", "ʼ"];

/**
 * Language identification learns from its own sets and from every unlabelled text. The labels are the languages with
 * enough rows that are listed, have unlabelled text or are asked for in validation. Half as many fragments of two to ten
 * words as whole texts are added, since what a router sees is often short.
 */
export function prepareLanguage(material: Material): Prepared {
  const { examples, pool, limits, random } = material;
  const unlabelled = [...pool.values()].flat().map((row) => ({ ...row, label: row.language, weight: 1 }));
  const groups = groupBy<LabelledExample>([...examples, ...unlabelled], (e) => e.label);
  const known = (language: string) =>
    listedLanguages.has(language) || pool.has(language) || material.validationLanguages.has(language);
  const labels = [...groups].flatMap(([language, rows]) =>
    rows.length >= leastRows && known(language) ? [language] : [],
  );
  return {
    labels: labels.sort(),
    examples: labels.flatMap((language) => {
      const rows = shuffle([...(groups.get(language) ?? [])], random);
      const whole = rows.slice(0, limits.languagePerLanguage);
      const cut = fragments(rows, Math.floor(limits.languagePerLanguage / 2), material);
      return [...whole, ...cut].map((row) => toExample(row, random));
    }),
  };
}

function fragments(rows: readonly LabelledExample[], wanted: number, { random }: Material): LabelledExample[] {
  const cut: LabelledExample[] = [];
  for (let i = 0; i < rows.length * fragmentsPerText && cut.length < wanted; i++) {
    // From the end: those rows are the last to be used whole.
    const row = rows[rows.length - 1 - (i % rows.length)] as LabelledExample;
    const text = fragmentOf(row.text, 2, 10, random);
    if (text !== null) cut.push({ ...row, text });
  }
  return cut;
}

/**
 * The language stands for the data set: training mixes data sets by the root of their size, and so languages, of which the
 * largest would otherwise swallow their small relatives (Zulu all of Xhosa, Bosnian all of Croatian).
 */
function toExample({ text, language, label, weight }: LabelledExample, random: Random): LabelledExample {
  return { text: withApostrophe(text, random), language, label, dataSet: label, weight };
}

function withApostrophe(text: string, random: Random): string {
  if (random.next() < 0.5) return text;
  const other = must(apostrophes[random.int(apostrophes.length)]);
  return text.replace(/['’‘ʻʼ]/g, other);
}
