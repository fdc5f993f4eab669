import { languageCode } from "../../search/corpus/language-codes.ts";
import { openServed } from "../../search/evaluate/open-served.ts";
import { judgedLength, type Student } from "../../search/evaluate/subjects.ts";
import { textLogits } from "../../search/heads/predict.ts";
import { must } from "../../src/invariant.ts";
import { argmax } from "../../src/stats.ts";
import { language } from "../../src/tasks/language.ts";
import type { Identifier } from "./identifier.ts";

/**
 * A student as it is served, with its ensemble where all members are among the others: a text is tokenised and run by itself, on one
 * thread. Null when it does not tell languages.
 */
export async function openStudentIdentifier(student: Student, others: readonly Student[]): Promise<Identifier | null> {
  const { manifest } = student;
  const task = manifest.tasks.find(({ name }) => name === language.name);
  if (task === undefined) return null;
  const { classifier, tokenizer, members, release } = await openServed(student, others, [task.name], 1);
  const codes = task.labels.map(languageCode);
  const identify = async (text: string) => {
    const { ids } = tokenizer.encode(text, judgedLength(student));
    const [logits] = must((await textLogits(classifier, [ids], [task.name])).get(task.name));
    return must(codes[argmax(must(logits))]);
  };
  return {
    name: [manifest.name, ...members.map((member) => member.manifest.name.replace(/^budget-/, ""))].join(" + "),
    languages: new Set(codes),
    identify: async (texts) => {
      for (const text of texts.slice(0, 50)) await identify(text);
      const languages: string[] = [];
      const start = performance.now();
      for (const text of texts) languages.push(await identify(text));
      return { languages, microseconds: (1000 * (performance.now() - start)) / texts.length };
    },
    close: release,
  };
}
