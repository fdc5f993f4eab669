import { readRollouts } from "../../src/contract/rollout.ts";

/**
 * Whether a candidate stands beside a live student. Its promotion would put away whatever takes the live student's place meanwhile.
 * @throws {BadFileError}
 */
export function hasCandidate(models: string, student: string): boolean {
  return readRollouts(models).rollouts.some((rollout) => rollout.student === student && rollout.now !== null);
}
