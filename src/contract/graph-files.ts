import type { ManifestTask } from "./manifest.ts";

/** Names of a student's graphs and of their outputs (`manifest.ts` says what is in them). Apart from its schemas, which threads that only run graphs do without. */

/** The encoder, with the heads that were learned together with it. */
export const encoderFile = "model.onnx";
/** The heads that were learned on the finished encoder. */
export const headsFile = "heads.onnx";

/** The head of a task over pairs. */
export function pairFile(task: string): string {
  return `pair_${task}.onnx`;
}

/** The output of a graph that is a task's logits. */
export function logitsName(task: string): string {
  return `logits_${task}`;
}

/** Whether a task over single texts was learned on the finished encoder. Heads over pairs are the same, learned with it or after it. */
export function isAdded({ file }: Pick<ManifestTask, "file">): boolean {
  return file === headsFile;
}
