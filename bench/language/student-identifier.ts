import { join } from "node:path";
import { languageCode } from "../../search/corpus/language-codes.ts";
import type { Student } from "../../search/evaluate/subjects.ts";
import { openStudentClassifier } from "../../search/heads/open-classifier.ts";
import { textLogits } from "../../search/heads/predict.ts";
import { must } from "../../src/invariant.ts";
import { argmax } from "../../src/stats.ts";
import { language } from "../../src/tasks/language.ts";
import { readTokenizer } from "../../src/text/read-tokenizer.ts";
import type { Identifier } from "./identifier.ts";

/** Tokens of a text that are read, as when students are scored. */
const maxTokens = 128;

/** A student as it is served: a text is tokenised and run by itself, on one thread. Null when it does not tell languages. */
export async function openStudentIdentifier({ folder, manifest }: Student): Promise<Identifier | null> {
  const task = manifest.tasks.find(({ name }) => name === language.name);
  if (task === undefined) return null;
  const tokenizer = readTokenizer(join(folder, "tokenizer.json"));
  const classifier = await openStudentClassifier(folder, [task], tokenizer.padId, 1);
  const codes = task.labels.map(languageCode);
  const identify = async (text: string) => {
    const { ids } = tokenizer.encode(text, maxTokens);
    const [logits] = must((await textLogits(classifier, [ids], [task.name])).get(task.name));
    return must(codes[argmax(must(logits))]);
  };
  return {
    name: manifest.name,
    languages: new Set(codes),
    identify: async (texts) => {
      for (const text of texts.slice(0, 50)) await identify(text);
      const languages: string[] = [];
      const start = performance.now();
      for (const text of texts) languages.push(await identify(text));
      return { languages, microseconds: (1000 * (performance.now() - start)) / texts.length };
    },
    close: () => classifier.release(),
  };
}
