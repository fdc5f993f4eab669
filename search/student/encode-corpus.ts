import { must } from "../../src/invariant.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { type EncodedTask, encodeTask } from "./encoded-task.ts";

/** The corpus' training examples of every task that has some, as token ids. */
export function encodeCorpus(
  corpus: Corpus,
  tokenizer: Tokenizer,
  options: { readonly maxTokens: number; readonly smoothing: number },
): EncodedTask[] {
  return corpus.tasks.flatMap((task) => {
    const examples = corpus.train.get(task.name) ?? [];
    if (examples.length === 0) return [];
    return [
      encodeTask(task, must(corpus.labels.get(task.name), `labels of ${task.name}`), examples, tokenizer, options),
    ];
  });
}
