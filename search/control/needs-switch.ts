import { isCool } from "./cool-down.ts";
import { describeOn, ms, percent } from "./describe.ts";
import type { RankedSlot, TrainedStudent } from "./observation.ts";
import type { Reasoned, Situation } from "./situation.ts";
import type { Signal } from "./state.ts";

/** A trained student that is worth more than the live one is put forward. */
export function needsSwitch(situation: Situation): Reasoned | null {
  const slots = situation.observation.ranking?.slots ?? [];
  for (const slot of slots) {
    const found = forSlot(situation, slot);
    if (found !== null) return found;
  }
  return null;
}

function forSlot(situation: Situation, slot: RankedSlot): Reasoned | null {
  const { observation, state, settings } = situation;
  const { best, live, student } = slot;
  if (best === null || best.version === live.version || state.rejected.includes(best.version)) return null;
  if (best.worth < live.worth + settings.minGain) return null;
  const sinceMs = state.liveSinceMs[student];
  if (sinceMs !== undefined && observation.atMs - sinceMs < settings.dwellMinutes * 60_000) return null;
  const seen = best.score < live.score ? whatIsSeen(situation) : "";
  const expectedRatio = best.expectedMs / live.expectedMs;
  const kind = best.wasLive ? "switch-student" : "start-shadow";
  const decision = { kind, student, candidate: best, expectedRatio } as const;
  if (seen === null || !isCool(situation, decision)) return null;
  return { decision, reason: `${seen}${student} ${describe(live)} → ${describe(best)}` };
}

/** A less accurate one comes only where production shows the want of time, and not the model alone. */
function whatIsSeen({ observation, state, settings }: Situation): string | null {
  // The ranking is of the daily peak, so what was seen within a day speaks for it.
  const isRecent = ({ on, onSinceMs }: Signal) => on || (onSinceMs > 0 && observation.atMs - onSinceMs < 86_400_000);
  const on = (["budgetBurn", "stepDown"] as const).find((name) => isRecent(state.signals[name]));
  return on === undefined ? null : `${describeOn(state, on, settings)}; `;
}

function describe({ version, worth, score, expectedMs, share }: TrainedStudent): string {
  return `${version} (worth ${percent(worth)}: score ${percent(score)}, ${ms(expectedMs)} a text, time for ${percent(share)} of them)`;
}
