import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { argmax, softmax } from "../../src/stats.ts";
import { inLanguage, languageCodes } from "../../src/tasks/in-language.ts";
import { taskOf } from "../../src/tasks/index.ts";
import { language } from "../../src/tasks/language.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import { groupBy } from "../corpus/preparation.ts";
import type { Classifier } from "../heads/predict.ts";
import { logitsOfRows } from "../heads/score.ts";
import { type Correction, meantLabel } from "./corrections.ts";

/**
 * How right a student is about each correction, in [0, 1]: 1 where it gives the label, else 0; of a task that gives a score, one
 * less the distance from it. Task by task, so not in the order of the corrections, but always in the same.
 */
export async function rightAbout(
  classifier: Classifier,
  tasks: readonly ManifestTask[],
  corrections: readonly Correction[],
  tokenizer: Tokenizer,
  maxTokens: number,
): Promise<number[]> {
  const right: number[] = [];
  const codes = languageCodes(tasks);
  const known = codes.length > 0 ? [language.name] : [];
  for (const [name, own] of groupBy(corrections, ({ task }) => task)) {
    const entry = must(tasks.find((task) => task.name === name));
    const rows = own.map(({ texts: [text, pair] }) => ({ text: must(text), ...(pair !== undefined && { pair }) }));
    const encode = (text: string) => tokenizer.encode(text, maxTokens).ids;
    const { logits, beside } = await logitsOfRows(classifier, { task: name, rows }, known, encode);
    const languages = beside.get(language.name);
    own.forEach((correction, i) => {
      right.push(
        rightness(inLanguage(entry, languages && codes[argmax(must(languages[i]))]), correction, must(logits[i])),
      );
    });
  }
  return right;
}

function rightness(entry: ManifestTask, correction: Correction, logits: Float32Array): number {
  const { metric, toPredicted } = taskOf(entry);
  const predicted = toPredicted(softmax(logits, entry.temperature), entry);
  if (metric === "pearson") return 1 - Math.abs(predicted - must(correction.target[1]));
  return Number(predicted === meantLabel(correction));
}
