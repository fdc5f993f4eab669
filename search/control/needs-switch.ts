import { isCool } from "./cool-down.ts";
import { describeOn, ms, percent } from "./describe.ts";
import type { RankedSlot, TrainedStudent } from "./observation.ts";
import type { Reasoned, Situation } from "./situation.ts";

/** A trained student that is better than the live one, or fits where that does not, is put forward. */
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
  const sinceMs = state.liveSinceMs[student];
  if (sinceMs !== undefined && observation.atMs - sinceMs < settings.dwellMinutes * 60_000) return null;
  const why = slot.liveFits ? whyBetter(slot, best, settings.minGain) : whyFaster(situation, slot);
  const decision = { kind: best.wasLive ? "switch-student" : "start-shadow", student, candidate: best } as const;
  if (why === null || !isCool(situation, decision)) return null;
  return { decision, reason: `${student} ${live.version} → ${best.version}: ${why}` };
}

function whyBetter({ live }: RankedSlot, best: TrainedStudent, minGain: number): string | null {
  if (best.score < live.score + minGain) return null;
  return `score ${percent(best.score)} after ${percent(live.score)}, ${ms(best.expectedMs)} a text`;
}

/** Less accurate but fast enough, only where production shows the want and not the model alone. */
function whyFaster({ state, settings }: Situation, slot: RankedSlot): string | null {
  const { live, best, budgetMs, roomMs } = slot;
  const on = (["budgetBurn", "stepDown"] as const).find((name) => state.signals[name].on);
  if (on === undefined || best === null || best.expectedMs >= live.expectedMs) return null;
  const room = roomMs === null ? "" : `, load leaves ${ms(roomMs)}`;
  return `${describeOn(state, on, settings)}; ${ms(live.expectedMs)} a text, budget ${ms(budgetMs)}${room}; the other takes ${ms(best.expectedMs)}`;
}
