import { actOnRollout, type RolloutSettings } from "./act.ts";
import { beginSearch, type Performed, type SearchSettings } from "./begin-search.ts";
import { carriedOut } from "./carried-out.ts";
import type { Decision } from "./decision.ts";
import { ms, percent } from "./describe.ts";
import { isPassing } from "./is-passing.ts";
import { forgetProduction, readKeptProduction } from "./kept-production.ts";
import { readSlots, readTrials } from "./known-students.ts";
import { learnProduction } from "./learn-production.ts";
import { recalibrated, toProduction } from "./observe.ts";
import { rank, withoutRejected } from "./rank.ts";
import type { ControlRecord } from "./record.ts";
import type { Reasoned } from "./situation.ts";

export interface PerformSettings extends RolloutSettings, SearchSettings {}

const failedPrefix = "failed: ";

/** Whether an outcome says why something could not be done. */
export function hasFailed(outcome: string): boolean {
  return outcome.startsWith(failedPrefix);
}

/** Does what was decided. All of it may be done again, when control was killed before it could write down that it was done. */
export function perform(
  { decision, reason }: Reasoned,
  record: ControlRecord,
  atMs: number,
  settings: PerformSettings,
): Performed {
  try {
    const done = doIt(decision, reason, record, atMs, settings);
    return { ...done, record: { ...done.record, state: carriedOut(decision, done.record.state, atMs) } };
  } catch (error) {
    if (!isPassing(error)) throw error;
    return { record, outcome: `${failedPrefix}${error.message}` };
  }
}

function doIt(
  decision: Decision,
  reason: string,
  record: ControlRecord,
  atMs: number,
  settings: PerformSettings,
): Performed {
  switch (decision.kind) {
    case "nothing":
      return { record, outcome: "" };
    case "recalibrate":
      return calibrate(record, atMs, settings);
    case "re-rank":
      return reRank(record, atMs, settings);
    case "search":
      return beginSearch(decision, record, atMs, settings);
    default:
      return { record, outcome: actOnRollout(decision, reason, new Date(atMs), settings) };
  }
}

function calibrate(record: ControlRecord, atMs: number, settings: PerformSettings): Performed {
  const next = recalibrated(record);
  const ratios = Object.entries(next.calibrated).map(([name, ratio]) => `${name} ×${ratio.toFixed(2)}`);
  const { isLearned, said } = learnProduction(settings, new Date(atMs));
  // It was of another time; each student's own ratio is what is left to expect by.
  if (!isLearned) forgetProduction(settings.controlFolder);
  return { record: next, outcome: `measured to predicted: ${ratios.join(", ")}; ${said}` };
}

function reRank(before: ControlRecord, atMs: number, settings: PerformSettings): Performed {
  if (before.lengths.length === 0) return { record: before, outcome: "no lengths were seen yet" };
  const { record, model, said } = withProduction(before, atMs, settings);
  const slots = readSlots(settings, record.wereLive).map((slot) => withoutRejected(slot, record.state.rejected));
  const ranking = rank(slots, readTrials(settings.runs).trials, toProduction(record, atMs, model));
  const wereLive = [...new Set([...record.wereLive, ...ranking.slots.map(({ live }) => live.version)])];
  const each = ranking.slots.map(({ student, live, best }) => {
    const other = best === null ? "no other at hand" : `best other ${best.version} ${percent(best.worth)}`;
    return `${student} ${live.version} is worth ${percent(live.worth)} (${ms(live.expectedMs)} a text), ${other}`;
  });
  return {
    record: { ...record, ranking, wereLive },
    outcome: `${each.join("; ") || "no student's name ends in its budget"}; ${said}`,
  };
}

/** What production taught; where nothing did yet, it is learned now, and that is a calibration. */
function withProduction(record: ControlRecord, atMs: number, settings: PerformSettings) {
  const kept = readKeptProduction(settings.controlFolder);
  if (kept !== null) return { record, model: kept, said: `by production as of ${kept.created.slice(0, 16)}` };
  const { isLearned, said } = learnProduction(settings, new Date(atMs));
  const model = readKeptProduction(settings.controlFolder);
  return { record: isLearned ? recalibrated(record) : record, model, said };
}
