import type { ActiveRollout, RolloutFile } from "../../src/contract/rollout.ts";
import type { RolloutEvidence } from "./observation.ts";
import type { Evidence } from "./record.ts";
import { addRolloutWindows, p95Ratio, type RolloutWindow } from "./rollout-window.ts";

interface Begun {
  readonly student: string;
  readonly now: ActiveRollout;
}

/** Rollouts that are judged; one that is being promoted is not any more. */
function begunIn({ rollouts }: RolloutFile): Begun[] {
  return rollouts.flatMap(({ student, now }) => (now === null || now.stage === "promoting" ? [] : [{ student, now }]));
}

/**
 * What candidates have shown since their stages began is kept with the state, since servers forget theirs when they start anew. Adds
 * a window. What belongs to rollouts that are over, or to an earlier stage, is dropped.
 */
export function addEvidence(
  kept: readonly Evidence[],
  file: RolloutFile,
  windows: readonly RolloutWindow[],
): Evidence[] {
  return begunIn(file).map(({ student, now }) => {
    const isOwn = (window: RolloutWindow) =>
      window.student === student && window.version === now.candidate.version && window.stage === now.stage;
    const before = kept.find(({ since, window }) => since === now.since && isOwn(window));
    const none: RolloutWindow = {
      student,
      version: now.candidate.version,
      stage: now.stage,
      texts: 0,
      failed: 0,
      suspended: false,
      agreement: [],
      work: { live: { bounds: [], cumulative: [] }, candidate: { bounds: [], cumulative: [] } },
    };
    return { since: now.since, window: windows.filter(isOwn).reduce(addRolloutWindows, before?.window ?? none) };
  });
}

export function toRolloutEvidence(kept: readonly Evidence[], file: RolloutFile): RolloutEvidence[] {
  return begunIn(file).flatMap(({ student, now }) => {
    const found = kept.find(({ since, window }) => window.student === student && since === now.since)?.window;
    if (found === undefined || now.stage === "promoting") return [];
    const { texts, failed, suspended, agreement, work } = found;
    return [
      {
        student,
        version: now.candidate.version,
        stage: now.stage,
        sinceMs: Date.parse(now.since),
        rule: now.rule,
        texts,
        failed,
        suspended,
        agreement: now.stage === "shadow" ? agreement : [],
        p95Ratio: p95Ratio(work),
      },
    ];
  });
}
