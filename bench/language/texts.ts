import { readDataFolder } from "../../search/corpus/datasets.ts";
import { firstWords } from "../../search/corpus/fragment.ts";
import { languageReader } from "../../search/corpus/language-codes.ts";
import { groupBy } from "../../search/corpus/preparation.ts";
import { readRows } from "../../search/corpus/read-rows.ts";

export interface KnownText {
  readonly language: string;
  readonly text: string;
}

/**
 * Validation texts of a set for language identification, `rows` of each language spread over all that it has.
 * @throws {Error} when the folder has no such set.
 */
export async function readTexts(folder: string, name: string, rows: number): Promise<KnownText[]> {
  const { dataSets } = await readDataFolder(folder);
  const set = dataSets.find((one) => one.name === name);
  if (set === undefined) throw new Error(`${folder}: no data set ${name}`);
  const languageOf = languageReader(name);
  const all: KnownText[] = [];
  for await (const chunk of readRows(folder, set)) {
    for (const { language, text } of chunk) {
      const code = languageOf(language);
      if (code !== null) all.push({ language: code, text });
    }
  }
  return [...groupBy(all, ({ language }) => language).values()].flatMap((texts) => spread(texts, rows));
}

/** Null: whole texts. */
export function cutTo(texts: readonly KnownText[], words: number | null): KnownText[] {
  return words === null ? [...texts] : texts.map((known) => ({ ...known, text: firstWords(known.text, words) }));
}

function spread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, i) => items[Math.floor(i * step)] as T);
}
