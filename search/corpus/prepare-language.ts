import { shuffle } from "../../src/random.ts";
import { fragmentOf } from "./fragment.ts";
import { leastRows, listedLanguages } from "./languages.ts";
import { groupBy, type LabelledExample, type Material, type Prepared } from "./preparation.ts";

/** Attempts to cut fragments from a text of a language that has few of them. */
const fragmentsPerText = 6;

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
      return [...whole, ...fragments(rows, Math.floor(limits.languagePerLanguage / 2), material)].map(toExample);
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

function toExample({ text, language, label, dataSet, weight }: LabelledExample): LabelledExample {
  return { text, language, label, dataSet, weight };
}
