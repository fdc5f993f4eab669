import { existsSync } from "node:fs";
import { join } from "node:path";
import { headsFile, pairFile } from "../../src/contract/graph-files.ts";
import type { ManifestTask } from "../../src/contract/manifest.ts";
import { openSession, type Session } from "../../src/onnx/session.ts";
import { type EncoderOptions, openEncoder } from "./open-encoder.ts";
import { type Classifier, studentClassifier } from "./predict.ts";

/** Opens the graphs of a student's folder. */
export async function openStudentClassifier(
  folder: string,
  tasks: readonly Pick<ManifestTask, "name" | "input">[],
  options: EncoderOptions,
): Promise<Classifier & { release(): Promise<void> }> {
  const model = await openEncoder(folder, options);
  const heads = existsSync(join(folder, headsFile)) ? await open(headsFile) : null;
  const pairs = new Map<string, Session>();
  for (const { name } of tasks.filter(({ input }) => input === "pair")) {
    pairs.set(name, await open(pairFile(name)));
  }
  return {
    ...studentClassifier({ model, heads, pairs }, options.tokenizer.padId),
    release: async () => {
      for (const session of [model, ...(heads ? [heads] : []), ...pairs.values()]) await session.release();
    },
  };

  function open(file: string): Promise<Session> {
    return openSession(join(folder, file), { threads: options.threads });
  }
}
