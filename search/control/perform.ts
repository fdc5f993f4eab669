import { join } from "node:path";
import { AppError } from "../../src/errors.ts";
import { actOnRollout, type RolloutSettings } from "./act.ts";
import { carriedOut } from "./carried-out.ts";
import type { Decision } from "./decision.ts";
import { ms, percent } from "./describe.ts";
import { readSlots, readTrials } from "./known-students.ts";
import { recalibrated, toProduction } from "./observe.ts";
import { rank, withoutRejected } from "./rank.ts";
import type { ControlRecord } from "./record.ts";
import type { Reasoned } from "./situation.ts";

export interface PerformSettings extends RolloutSettings {
  readonly runs: string;
  /** Flags that the operator gives every search. */
  readonly searchFlags: readonly string[];
}

export interface Performed {
  readonly record: ControlRecord;
  /** What became of it. */
  readonly outcome: string;
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
    if (!(error instanceof AppError)) throw error;
    return { record, outcome: `failed: ${error.message}` };
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
      return calibrate(record);
    case "re-rank":
      return reRank(record, atMs, settings);
    case "search":
      return beginSearch(decision, record, atMs, settings);
    default:
      return { record, outcome: actOnRollout(decision, reason, new Date(atMs), settings) };
  }
}

function calibrate(record: ControlRecord): Performed {
  const next = recalibrated(record);
  const ratios = Object.entries(next.calibrated).map(([name, ratio]) => `${name} ×${ratio.toFixed(2)}`);
  return { record: next, outcome: `measured to predicted: ${ratios.join(", ")}` };
}

function reRank(record: ControlRecord, atMs: number, settings: PerformSettings): Performed {
  if (record.lengths.length === 0) return { record, outcome: "no lengths were seen yet" };
  const slots = readSlots(settings, record.wereLive).map((slot) => withoutRejected(slot, record.state.rejected));
  const ranking = rank(slots, readTrials(settings.runs).trials, toProduction(record, atMs));
  const wereLive = [...new Set([...record.wereLive, ...ranking.slots.map(({ live }) => live.version)])];
  const each = ranking.slots.map(({ student, live, best }) => {
    const other = best === null ? "no other at hand" : `best other ${best.version} ${percent(best.worth)}`;
    return `${student} ${live.version} is worth ${percent(live.worth)} (${ms(live.expectedMs)} a text), ${other}`;
  });
  return {
    record: { ...record, ranking, wereLive },
    outcome: each.join("; ") || "no student's name ends in its budget",
  };
}

function beginSearch(
  { wanted }: Extract<Decision, { kind: "search" }>,
  record: ControlRecord,
  atMs: number,
  { models, runs, searchFlags }: PerformSettings,
): Performed {
  if (record.search?.status === "running") return { record, outcome: `search ${record.search.id} runs already` };
  const isRetry = record.search?.status === "failed";
  const number = record.searches + (isRetry ? 0 : 1);
  const id = `control-${number}`;
  const { newest } = readTrials(runs);
  const warmStart = newest === null || newest === join(runs, id) ? [] : ["--warm-start", newest];
  const budgets = [...new Set(wanted.map(({ budgetMs }) => budgetMs))].join(",");
  const own = ["--id", id, "--budgets", budgets, "--promote", "never", "--models", models, "--runs", runs];
  const args =
    isRetry && record.search ? record.search.args : [...searchFlags, ...own, "--seed", String(number), ...warmStart];
  const search = {
    id,
    args,
    status: "running" as const,
    startedAtMs: atMs,
    endedAtMs: null,
    process: null,
    crashes: 0,
    said: "begun",
  };
  return { record: { ...record, search, searches: number }, outcome: `npm run search -- ${args.join(" ")}` };
}
