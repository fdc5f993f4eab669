import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { argmax, mean, softmax } from "../../src/stats.ts";
import { inLanguage, languageCodes } from "../../src/tasks/in-language.ts";
import { taskOf } from "../../src/tasks/index.ts";
import { language } from "../../src/tasks/language.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import { groupBy } from "../corpus/preparation.ts";
import { type Classifier, type Logits, pairLogits, textLogits } from "../heads/predict.ts";
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
  const codes = languageCodes(tasks);
  for (const [name, own] of groupBy(corrections, ({ task }) => task)) {
    const entry = must(tasks.find((task) => task.name === name));
    const encode = (text: string) => tokenizer.encode(text, maxTokens).ids;
    const { logits, languages } = await logitsOf(classifier, entry, codes.length > 0, own, encode);
    own.forEach((correction, i) => {
      right.push(
        rightness(inLanguage(entry, languages && codes[argmax(must(languages[i]))]), correction, must(logits[i])),
      );
    });
  }
  return mean(right);
}

async function logitsOf(
  classifier: Classifier,
  { name, input }: ManifestTask,
  tellsLanguages: boolean,
  corrections: readonly Correction[],
  encode: (text: string) => Int32Array,
): Promise<{ logits: Logits; languages?: Logits | undefined }> {
  const texts = corrections.map(({ texts: [text] }) => encode(must(text)));
  if (input === "text") {
    const names = tellsLanguages ? [...new Set([name, language.name])] : [name];
    const all = await textLogits(classifier, texts, names);
    return { logits: must(all.get(name)), languages: all.get(language.name) };
  }
  const others = corrections.map(({ texts: [, other] }) => encode(must(other)));
  return { logits: (await pairLogits(classifier, name, texts, others, [])).logits };
}

function rightness(entry: ManifestTask, correction: Correction, logits: Float32Array): number {
  const { metric, toPredicted } = taskOf(entry);
  const predicted = toPredicted(softmax(logits, entry.temperature), entry);
  if (metric === "pearson") return 1 - Math.abs(predicted - must(correction.target[1]));
  return Number(predicted === meantLabel(correction));
}
