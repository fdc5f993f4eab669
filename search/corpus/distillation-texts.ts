import { createRandom, shuffle } from "../../src/random.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import type { Corpus } from "./assemble.ts";

/**
 * Texts to distil on, as token ids, up to a number of tokens: half of them unlabelled, half from the tasks' training rows,
 * since a student should know the teacher best where it will be used. Each text once; the order is random under the seed.
 */
export function distillationTexts(
  corpus: Corpus,
  tokenizer: Tokenizer,
  options: { readonly tokens: number; readonly maxTokens: number; readonly seed: number },
): Int32Array[] {
  const random = createRandom(options.seed);
  const unlabelled = shuffle([...new Set(corpus.unlabelled.map(({ text }) => text))], random);
  const labelled = shuffle([...taskTexts(corpus)], random);
  const sequences: Int32Array[] = [];
  const seen = new Set<string>();
  let tokens = 0;
  for (let i = 0; tokens < options.tokens && i < Math.max(unlabelled.length, labelled.length); i++) {
    for (const text of [unlabelled[i], labelled[i]]) {
      if (text === undefined || seen.has(text)) continue;
      seen.add(text);
      const { ids } = tokenizer.encode(text, options.maxTokens);
      sequences.push(ids);
      tokens += ids.length;
    }
  }
  return sequences;
}

/** Training texts, with as many of each task: the language task alone would be most of them. */
function taskTexts(corpus: Corpus): Set<string> {
  const lists = [...corpus.train.values()];
  const most = Math.min(20_000, Math.max(...lists.map((examples) => examples.length)));
  return new Set(lists.flatMap((examples) => examples.slice(0, most).map(({ text }) => text)));
}
