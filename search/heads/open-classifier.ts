import { join } from "node:path";
import { openSession, type Session } from "../../src/onnx/session.ts";
import { taskNamed } from "../../src/tasks/index.ts";
import { type Classifier, studentClassifier } from "./predict.ts";

/** Opens the graphs of a student's folder. */
export async function openStudentClassifier(
  folder: string,
  tasks: readonly string[],
  padId: number,
  threads: number,
): Promise<Classifier & { release(): Promise<void> }> {
  const model = await openSession(join(folder, "model.onnx"), { threads });
  const pairs = new Map<string, Session>();
  for (const task of tasks.filter((name) => taskNamed(name).input === "pair")) {
    pairs.set(task, await openSession(join(folder, `pair_${task}.onnx`), { threads }));
  }
  return {
    ...studentClassifier(model, pairs, padId),
    release: async () => {
      for (const session of [model, ...pairs.values()]) await session.release();
    },
  };
}
