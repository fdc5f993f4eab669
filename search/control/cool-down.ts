import { type Decision, decisionKey } from "./decision.ts";
import type { CoolingKind } from "./settings.ts";
import type { Situation } from "./situation.ts";

/** Whether a decision may be taken again: its pause is over, and none like it waits for an operator or was rejected of late. */
export function isCool(
  { observation, state, settings }: Situation,
  decision: Decision & { kind: CoolingKind },
): boolean {
  const key = decisionKey(decision);
  if (observation.waiting.includes(key)) return false;
  const last = state.lastAtMs[key];
  return last === undefined || observation.atMs - last >= settings.coolDownMinutes[decision.kind] * 60_000;
}
