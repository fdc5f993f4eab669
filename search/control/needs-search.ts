import { isCool } from "./cool-down.ts";
import { describeOn, ms } from "./describe.ts";
import type { RankedSlot } from "./observation.ts";
import type { Reasoned, Situation } from "./situation.ts";

/** A search costs hours: only for what no student at hand can mend, and one at a time. */
export function needsSearch(situation: Situation): Reasoned | null {
  const { observation, state, settings } = situation;
  const slots = observation.ranking?.slots ?? [];
  if (observation.search.status === "running") {
    return {
      decision: { kind: "nothing" },
      reason: `search ${observation.search.id} runs: ${observation.search.said}`,
    };
  }
  if (slots.length === 0) return null;
  if (settings.corrections > 0 && state.corrections >= settings.corrections)
    return search(
      situation,
      slots,
      `${state.corrections} corrections since the last search, from ${settings.corrections}`,
    );
  if (state.signals.drift.on) return search(situation, slots, describeOn(state, "drift", settings));
  return forSlots(situation, slots);
}

function forSlots(situation: Situation, slots: readonly RankedSlot[]): Reasoned | null {
  const { state, settings } = situation;
  const on = (["budgetBurn", "stepDown"] as const).find((name) => state.signals[name].on);
  const unfit = slots.filter(({ liveFits, best }) => !liveFits && best === null);
  if (on !== undefined && unfit.length > 0) {
    const each = unfit.map(({ student, live, searchBudgetMs }) => {
      return `${student} takes ${ms(live.expectedMs)} a text and none at hand fits, looking at ${ms(searchBudgetMs)}`;
    });
    return search(situation, unfit, `${describeOn(state, on, settings)}; ${each.join(", ")}`);
  }
  const promising = slots.filter((slot) => slot.promising !== null);
  if (promising.length === 0) return null;
  const names = promising.map(({ student, promising: found }) => `${student}: ${found}`);
  return search(situation, promising, `trials hold better ones for production as it is: ${names.join(", ")}`);
}

function search(situation: Situation, slots: readonly RankedSlot[], reason: string): Reasoned | null {
  const budgetsMs = slots.map(({ searchBudgetMs }) => searchBudgetMs);
  const decision = { kind: "search", budgetsMs, students: slots.map(({ student }) => student) } as const;
  return isCool(situation, decision) ? { decision, reason } : null;
}
