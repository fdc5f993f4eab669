import { must } from "../../src/invariant.ts";
import { createRandom, shuffle } from "../../src/random.ts";
import type { Corpus, ValidationSet } from "./assemble.ts";

/** Validation rows of a data set that a student is judged on, spread over its languages: enough for a steady mean. */
export const judgedRows = 2600;

/** At most `most` rows of each data set, as many of each of its languages, always the same ones. */
export function limitValidation(corpus: Corpus, most: number): Corpus {
  const languages = new Map<string, number>();
  const key = ({ task, dataSet }: ValidationSet) => `${task} ${dataSet}`;
  for (const set of corpus.validation) languages.set(key(set), (languages.get(key(set)) ?? 0) + 1);
  const validation = corpus.validation.map((set) => {
    const share = Math.max(1, Math.floor(most / must(languages.get(key(set)))));
    if (set.rows.length <= share) return set;
    return { ...set, rows: shuffle([...set.rows], createRandom(1)).slice(0, share) };
  });
  return { ...corpus, validation };
}
