import type { ManifestTask } from "../contract/manifest.ts";
import type { Result } from "../contract/prediction.ts";
import { toProbabilities } from "./classification.ts";

/** The reply of a task that gives a score: the probability of its second label, whichever of the two is given. */
export function toScoreResult(logits: ArrayLike<number>, task: ManifestTask): Result {
  const [low, high] = task.labels as [string, string];
  const [lowShare, highShare] = toProbabilities(logits, task) as unknown as [number, number];
  const label = highShare >= (task.threshold ?? 0.5) ? high : low;
  return { label, score: highShare, scores: { [low]: lowShare, [high]: highShare } };
}
