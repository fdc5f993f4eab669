import { firstWords } from "../../search/corpus/fragment.ts";
import { languageReader } from "../../search/corpus/language-codes.ts";
import { groupBy } from "../../search/corpus/preparation.ts";
import { readRows } from "../../search/corpus/read-rows.ts";
import { readSources } from "../../search/corpus/sources.ts";
import { ConfigError } from "../../src/errors.ts";

export interface KnownText {
  readonly language: string;
  readonly text: string;
}

/**
 * Validation texts of a set for language identification, `rows` of each language spread over all that it has.
 * @throws {ConfigError} when no folder has such a set.
 */
export async function readTexts(folders: readonly string[], name: string, rows: number): Promise<KnownText[]> {
  const { sets } = await readSources(folders, undefined);
  const source = sets.find(({ set }) => set.name === name);
  if (source === undefined)
    throw new ConfigError(`no data set ${name} in ${folders.join(", ") || "the sample"}; see --data`);
  const languageOf = languageReader(name);
  const all: KnownText[] = [];
  for await (const chunk of readRows(source.folder, source.set)) {
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
