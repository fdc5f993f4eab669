import { isCool } from "./cool-down.ts";
import { areEnough, describeOn, ms, percent } from "./describe.ts";
import type { RankedSlot } from "./observation.ts";
import type { Reasoned, Situation } from "./situation.ts";

/** A search costs hours: only for what no student at hand can mend, one at a time, and one a reason. */
export function needsSearch(situation: Situation): Reasoned | null {
  const { search, ranking } = situation.observation;
  if (search.status === "running")
    return { decision: { kind: "nothing" }, reason: `search ${search.id} runs: ${search.said}` };
  const slots = ranking?.slots ?? [];
  if (slots.length === 0) return null;
  return (
    forCorrections(situation, slots) ??
    forDrift(situation, slots) ??
    forUnfit(situation, slots) ??
    forPromise(situation, slots)
  );
}

function forCorrections(situation: Situation, slots: readonly RankedSlot[]): Reasoned | null {
  const { state, settings } = situation;
  if (!settings.givesFeedback || !areEnough(state, settings)) return null;
  const reason = `${state.corrections} corrections since the last search (from ${settings.corrections})`;
  return search(situation, "corrections", slots, reason);
}

function forDrift(situation: Situation, slots: readonly RankedSlot[]): Reasoned | null {
  const { on, onSinceMs } = situation.state.signals.drift;
  if (!on || wasSearched(situation, "drift", onSinceMs)) return null;
  return search(situation, "drift", slots, describeOn(situation.state, "drift", situation.settings));
}

/** Budgets are missed, and no student at hand would keep them. */
function forUnfit(situation: Situation, slots: readonly RankedSlot[]): Reasoned | null {
  const { state, settings } = situation;
  const on = (["budgetBurn", "stepDown"] as const).find((name) => state.signals[name].on);
  const unfit = slots.filter(
    ({ live, best }) => live.share < 1 && (best === null || best.worth < live.worth + settings.minGain),
  );
  if (on === undefined || unfit.length === 0 || wasSearched(situation, "unfit", state.signals[on].onSinceMs))
    return null;
  const isOfProduction = situation.observation.ranking?.ofProduction ?? false;
  const each = unfit.map(
    ({ student, live, searchBudgetMs }) =>
      `${student} takes ${ms(live.expectedMs)} a text, has time for ${percent(live.share)} and none at hand is better, so look at ${ms(searchBudgetMs)} ${isOfProduction ? "of production" : "offline"}`,
  );
  return search(situation, "unfit", unfit, `${describeOn(state, on, settings)}; ${each.join(", ")}`);
}

/** Trials of earlier searches hold architectures that production as it is would rather have. */
function forPromise(situation: Situation, slots: readonly RankedSlot[]): Reasoned | null {
  for (const slot of slots) {
    const because = `promise ${slot.student} ${slot.promising}`;
    if (slot.promising === null || wasSearched(situation, because, 0)) continue;
    const reason = `${slot.student}: trials hold a better one for production as it is: ${slot.promising}`;
    return search(situation, because, [slot], reason);
  }
  return null;
}

/** A search for this reason since then; one that failed does not count. */
function wasSearched({ state, observation }: Situation, because: string, sinceMs: number): boolean {
  const last = state.searchedAtMs[because];
  return last !== undefined && last >= sinceMs && observation.search.status !== "failed";
}

function search(situation: Situation, because: string, slots: readonly RankedSlot[], reason: string): Reasoned | null {
  const wanted = slots.map(({ student, searchBudgetMs: budgetMs }) => ({ student, budgetMs }));
  const ofProduction = situation.observation.ranking?.ofProduction ?? false;
  const decision = { kind: "search", because, wanted, ofProduction } as const;
  return isCool(situation, decision) ? { decision, reason } : null;
}
