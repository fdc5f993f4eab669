import { fragmentOf, wordsOf } from "./fragment.ts";
import { handlingOf } from "./known-sets.ts";
import { groupBy, type LabelledExample, type Material, type Prepared } from "./preparation.ts";
import type { Row } from "./read-rows.ts";

/** Assumed, not judged: weaker than a label. */
const assumedWeight = 0.5;
const lexiconWeight = 0.2;
/** A language with fewer labelled rows also learns from its word lists. */
const fewRows = 1000;
const lexiconPerLanguage = 300;

/**
 * Sets that hold mostly or only toxic rows would teach that a language is toxic, and word lists that a short text is.
 * So each language is levelled with texts that are assumed acceptable: unlabelled texts from careful sources without a
 * word of the language's list; and as many of their fragments as there are words.
 */
export function prepareFilter(material: Material): Prepared {
  const byLanguage = groupBy(material.examples, (e) => e.language);
  const words = groupBy(material.lexicon, (row) => row.language);
  const added = [...new Set([...byLanguage.keys(), ...words.keys()])].flatMap((language) => {
    const labelled = byLanguage.get(language) ?? [];
    const list = words.get(language) ?? [];
    const acceptable = cleanTexts(material.pool.get(language) ?? [], list);
    const lacking = labelled.reduce((sum, e) => sum + (e.label === "1" ? 1 : -1), 0);
    const levelled = acceptable.slice(0, Math.max(0, lacking)).map((row) => toExample(row, row.text, assumedWeight));
    return labelled.length < fewRows ? [...levelled, ...fromLexicon(list, acceptable, material)] : levelled;
  });
  return { labels: material.task.labels ?? [], examples: [...material.examples, ...added] };
}

function fromLexicon(list: readonly Row[], acceptable: readonly Row[], { random }: Material): LabelledExample[] {
  const toxic = list
    .slice(0, lexiconPerLanguage)
    .map((row) => ({ ...toExample(row, row.text, lexiconWeight), label: "1" }));
  const fragments = acceptable.slice(-toxic.length).flatMap((row) => {
    const fragment = toxic.length === 0 ? null : fragmentOf(row.text, 1, 3, random);
    return fragment === null ? [] : [toExample(row, fragment, lexiconWeight)];
  });
  // Without counterparts the words would only teach that the language is toxic.
  return fragments.length === 0 ? [] : [...toxic, ...fragments];
}

function toExample(row: Row, text: string, weight: number): LabelledExample {
  return { text, language: row.language, label: "0", dataSet: row.dataSet, weight };
}

function cleanTexts(texts: readonly Row[], list: readonly Row[]): Row[] {
  const banned = new Set(list.map((row) => row.text.toLowerCase()));
  const unspaced = [...banned].filter((word) => wordsOf(word).joint === "");
  return texts.filter((row) => {
    if (handlingOf(row.dataSet).rough) return false;
    const text = row.text.toLowerCase();
    return (
      !text.split(/[^\p{L}\p{M}\p{N}]+/u).some((word) => banned.has(word)) && !unspaced.some((w) => text.includes(w))
    );
  });
}
