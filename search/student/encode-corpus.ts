import { must } from "../../src/invariant.ts";
import type { Task } from "../../src/tasks/task.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { type EncodedTask, encodeTask } from "./encoded-task.ts";

interface EncodingOptions {
  readonly maxTokens: number;
  readonly smoothing: number;
}

/** The corpus' training examples of every task that has some, as token ids; without the tasks that are learned beside others. */
export function encodeCorpus(corpus: Corpus, tokenizer: Tokenizer, options: EncodingOptions): EncodedTask[] {
  return encode(corpus, tokenizer, options, ({ beside }) => beside === undefined);
}

/** The same of the tasks that are learned on a finished encoder. */
export function encodeBeside(corpus: Corpus, tokenizer: Tokenizer, options: EncodingOptions): EncodedTask[] {
  return encode(corpus, tokenizer, options, ({ beside }) => beside !== undefined);
}

function encode(
  corpus: Corpus,
  tokenizer: Tokenizer,
  options: EncodingOptions,
  isWanted: (task: Task) => boolean,
): EncodedTask[] {
  return corpus.tasks.filter(isWanted).flatMap((task) => {
    const examples = corpus.train.get(task.name) ?? [];
    if (examples.length === 0) return [];
    return [
      encodeTask(task, must(corpus.labels.get(task.name), `labels of ${task.name}`), examples, tokenizer, options),
    ];
  });
}
