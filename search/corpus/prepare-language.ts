import { shuffle } from "../../src/random.ts";
import { fragmentOf } from "./fragment.ts";
import { leastRows, listedLanguages, overshadowed } from "./languages.ts";
import { groupBy, type LabelledExample, type Material, type Prepared } from "./preparation.ts";
import { scriptOf } from "./scripts.ts";
import { respelled } from "./spellings.ts";
import { udhrSet } from "./udhr.ts";

/** Attempts to cut fragments from a text of a language that has few of them. */
const fragmentsPerText = 8;

/** Fewest rows that make a script one of a language's own, and no slip, and their least share (Chinese has Latin lines). */
const [leastOfScript, leastShareOfScript] = [40, 0.01];

/**
 * Language identification learns from its own sets and from every unlabelled text. The labels are the languages with
 * enough rows that are listed, have unlabelled text or are asked for in validation. Half as many fragments of two to ten
 * words as whole texts are added, since what a router sees is often short.
 */
export function prepareLanguage(material: Material): Prepared {
  const { examples, pool } = material;
  const unlabelled = [...pool.values()].flat().map((row) => ({ ...row, label: row.language, weight: 1 }));
  const groups = groupBy<LabelledExample>([...examples, ...unlabelled], (e) => e.label);
  const known = (language: string) =>
    listedLanguages.has(language) || pool.has(language) || material.validationLanguages.has(language);
  const labels = [...groups].flatMap(([language, rows]) =>
    textsThatCount(language, rows) >= leastRows && known(language) ? [language] : [],
  );
  return {
    labels: labels.sort(),
    examples: labels.flatMap((language) =>
      byScript(groups.get(language) ?? []).flatMap(({ name, rows }) =>
        examplesOf(`${language} ${name}`, rows, material),
      ),
    ),
  };
}

function textsThatCount(language: string, rows: readonly LabelledExample[]): number {
  return overshadowed.has(language) ? rows.filter(({ dataSet }) => dataSet !== udhrSet.name).length : rows.length;
}

/** A language's rows by script, those of a script that hardly occurs with the most frequent one's. */
function byScript(rows: readonly LabelledExample[]): { name: string; rows: LabelledExample[] }[] {
  const scripts = [...groupBy(rows, ({ text }) => scriptOf(text))]
    .map(([name, own]) => ({ name, rows: own }))
    .sort((a, b) => b.rows.length - a.rows.length);
  const least = Math.max(leastOfScript, leastShareOfScript * rows.length);
  const [main, ...others] = scripts.filter((script, i) => i === 0 || script.rows.length >= least);
  const slips = scripts.slice(1).filter((script) => script.rows.length < least);
  return main === undefined ? [] : [{ ...main, rows: [main, ...slips].flatMap((s) => s.rows) }, ...others];
}

/**
 * The group stands for the data set: training mixes data sets by the root of their size, and so languages, of which the
 * largest would otherwise swallow their small relatives (Zulu all of Xhosa, Bosnian all of Croatian).
 */
function examplesOf(group: string, members: readonly LabelledExample[], material: Material): LabelledExample[] {
  const { limits, random } = material;
  const rows = shuffle([...members], random);
  const whole = rows.slice(0, limits.languagePerLanguage);
  const cut = fragments(rows, Math.floor(limits.languagePerLanguage / 2), material);
  return [...whole, ...cut].map(({ text, language, label, weight }) => {
    return { text: respelled(text, random), language, label, dataSet: group, weight };
  });
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
