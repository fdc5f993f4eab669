import { isCool } from "./cool-down.ts";
import { describeOn } from "./describe.ts";
import type { SignalName } from "./settings.ts";
import type { Reasoned, Situation } from "./situation.ts";

/** Calibration and ranking: they cost nothing but seconds, and all that follows stands on them. */
export function needsRecalibration(situation: Situation): Reasoned | null {
  const { state, settings } = situation;
  const decision = { kind: "recalibrate" } as const;
  if (!state.signals.predictionError.on || !isCool(situation, decision)) return null;
  return { decision, reason: describeOn(state, "predictionError", settings) };
}

const reasonsToRank: readonly SignalName[] = ["budgetBurn", "stepDown", "lengthShift", "trafficShift"];

export function needsRanking(situation: Situation): Reasoned | null {
  const { observation, state, settings } = situation;
  const decision = { kind: "re-rank" } as const;
  const outdated = whyOutdated(situation);
  if (outdated !== null) return { decision, reason: outdated };
  // Once is enough for as long as it lasts: the ranking that it led to knows of it.
  const rankedMs = observation.ranking?.atMs ?? 0;
  const on = reasonsToRank.find((name) => state.signals[name].on && state.signals[name].onSinceMs > rankedMs);
  if (on === undefined || !isCool(situation, decision)) return null;
  return { decision, reason: describeOn(state, on, settings) };
}

/** Something happened since the last ranking that it does not know of. */
function whyOutdated({ observation, state, settings }: Situation): string | null {
  const { ranking, search, atMs } = observation;
  if (ranking === null) return "nothing was ranked yet";
  const minutes = (atMs - ranking.atMs) / 60_000;
  if (minutes >= settings.rankingMinutes) return `the ranking is ${Math.round(minutes)} min old`;
  if (search.endedAtMs !== null && search.endedAtMs > ranking.atMs) return `search ${search.id} ended: ${search.said}`;
  const { recalibrate = 0 } = state.lastAtMs;
  if (recalibrate > ranking.atMs) return "latency was calibrated since";
  const rolledBack = Object.entries(state.lastAtMs).find(
    ([key, at]) => key.startsWith("roll-back ") && at > ranking.atMs,
  );
  if (rolledBack !== undefined)
    return `${rolledBack[0].replace("roll-back ", "a candidate of ")} was rolled back since`;
  const changed = Object.entries(state.liveSinceMs).find(([, sinceMs]) => sinceMs > ranking.atMs);
  return changed === undefined ? null : `another ${changed[0]} became live since`;
}
