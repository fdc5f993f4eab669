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
import { encoderOf } from "../student/encoded-task.ts";
import { type Correction, meantLabel } from "./corrections.ts";

export interface Rightness {
  /** 1 where the student gives the label, else 0; of a task that gives a score, one less the distance from it. */
  readonly right: number;
  /** Logarithm of the probability that it gives what users said, in nats; each label's, by the target, where they differ. */
  readonly logLikelihood: number;
}

/** Less than this is not told apart: one correction that the student is sure is wrong must not outweigh all others. */
const leastProbability = 0.01;

/** How right a student is about each correction: task by task, so not in the order of the corrections, but always in the same. */
export async function rightAbout(
  classifier: Classifier,
  tasks: readonly ManifestTask[],
  corrections: readonly Correction[],
  tokenizer: Tokenizer,
  maxTokens: number,
): Promise<Rightness[]> {
  const right: Rightness[] = [];
  const codes = languageCodes(tasks);
  const known = codes.length > 0 ? [language.name] : [];
  const encode = encoderOf(tokenizer, maxTokens);
  for (const [name, own] of groupBy(corrections, ({ task }) => task)) {
    const entry = must(tasks.find((task) => task.name === name));
    const rows = own.map(({ texts: [text, pair] }) => ({ text: must(text), ...(pair !== undefined && { pair }) }));
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

function rightness(entry: ManifestTask, correction: Correction, logits: Float32Array): Rightness {
  const { metric, toPredicted } = taskOf(entry);
  const probabilities = softmax(logits, entry.temperature);
  const predicted = toPredicted(probabilities, entry);
  const logLikelihood = correction.target.reduce(
    (sum, share, label) => sum + share * Math.log(Math.max(leastProbability, must(probabilities[label]))),
    0,
  );
  if (metric === "pearson") return { right: 1 - Math.abs(predicted - must(correction.target[1])), logLikelihood };
  return { right: Number(predicted === meantLabel(correction)), logLikelihood };
}
