import { join } from "node:path";
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
  const pairs = new Map<string, Session>();
  for (const { name } of tasks.filter(({ input }) => input === "pair")) {
    pairs.set(name, await openSession(join(folder, `pair_${name}.onnx`), { threads: options.threads }));
  }
  return {
    ...studentClassifier(model, pairs, options.tokenizer.padId),
    release: async () => {
      for (const session of [model, ...pairs.values()]) await session.release();
    },
  };
}
