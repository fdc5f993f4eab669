import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { mean, softmax } from "../../src/stats.ts";
import { taskOf } from "../../src/tasks/index.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import { groupBy } from "../corpus/preparation.ts";
import { type Classifier, pairLogits, textLogits } from "../heads/predict.ts";
import { type Correction, meantLabel } from "./corrections.ts";

/**
 * How right a student is about corrections, in [0, 1]: the share whose label it gives; of a task that gives a score, one
 * less the mean distance from it. Every correction counts once. NaN of none.
 */
export async function shareRight(
  classifier: Classifier,
  tasks: readonly ManifestTask[],
  corrections: readonly Correction[],
  tokenizer: Tokenizer,
  maxTokens: number,
): Promise<number> {
  const right: number[] = [];
  for (const [name, own] of groupBy(corrections, ({ task }) => task)) {
    const entry = must(tasks.find((task) => task.name === name));
    const logits = await logitsOf(classifier, entry, own, (text) => tokenizer.encode(text, maxTokens).ids);
    right.push(...own.map((correction, i) => rightness(entry, correction, must(logits[i]))));
  }
  return mean(right);
}

async function logitsOf(
  classifier: Classifier,
  { name, input }: ManifestTask,
  corrections: readonly Correction[],
  encode: (text: string) => Int32Array,
) {
  const texts = corrections.map(({ texts: [text] }) => encode(must(text)));
  if (input === "text") return must((await textLogits(classifier, texts, [name])).get(name));
  const others = corrections.map(({ texts: [, other] }) => encode(must(other)));
  return (await pairLogits(classifier, name, texts, others, [])).logits;
}

function rightness(entry: ManifestTask, correction: Correction, logits: Float32Array): number {
  const { metric, toPredicted } = taskOf(entry);
  const predicted = toPredicted(softmax(logits, entry.temperature), entry);
  if (metric === "pearson") return 1 - Math.abs(predicted - must(correction.target[1]));
  return Number(predicted === meantLabel(correction));
}
