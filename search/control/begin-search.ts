import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../src/errors.ts";
import { productionPath, writeProduction } from "../reward/production/production-file.ts";
import type { Decision } from "./decision.ts";
import { sharesUpTo } from "./expect-text.ts";
import { readKeptProduction } from "./kept-production.ts";
import { readTrials, type StudentFolders } from "./known-students.ts";
import type { ControlRecord } from "./record.ts";
import type { SearchRecord } from "./search-record.ts";

export interface SearchSettings extends StudentFolders {
  readonly controlFolder: string;
  /** Flags that the operator gives every search. */
  readonly searchFlags: readonly string[];
}

export interface Performed {
  readonly record: ControlRecord;
  /** What became of it. */
  readonly outcome: string;
}

type SearchDecision = Extract<Decision, { kind: "search" }>;

/** Whether searches with these flags learn from corrections. */
export function givesFeedback(searchFlags: readonly string[]): boolean {
  return searchFlags.some((flag) => /^--feedback(=|$)/.test(flag));
}

/** Writes a search into the record, from where it is begun. One that failed keeps its number where it had come to nothing yet. */
export function beginSearch(
  decision: SearchDecision,
  record: ControlRecord,
  atMs: number,
  settings: SearchSettings,
): Performed {
  if (record.search?.status === "running") return { record, outcome: `search ${record.search.id} runs already` };
  const failed = record.search?.status === "failed" ? record.search : null;
  const again = failed !== null && maySucceed(failed, settings);
  const number = record.searches + (failed === null || (!again && hasBegun(failed, settings)) ? 1 : 0);
  const id = `control-${number}`;
  const args = again ? failed.args : newArgs(id, number, decision, record, settings);
  const search = {
    ...{ id, args, status: "running" as const, startedAtMs: atMs, endedAtMs: null },
    ...{ process: null, crashes: 0, said: "begun", again },
  };
  const corrections = givesFeedback(args) ? 0 : record.state.corrections;
  const next = { ...record, state: { ...record.state, corrections }, search, searches: number };
  return { record: next, outcome: `npm run search -- ${args.join(" ")}` };
}

/**
 * Once it goes on where it was, by the flags that it was begun with: the disk may have been full. Not a second time, nor when the operator
 * gives others: it may be the flags that are wrong.
 */
function maySucceed(failed: SearchRecord, settings: SearchSettings): boolean {
  const given = [...settings.searchFlags, "--id"];
  return !failed.again && hasBegun(failed, settings) && given.every((flag, i) => failed.args[i] === flag);
}

/** Whether its run keeps to settings already: others need another run. */
function hasBegun({ id }: SearchRecord, { runs }: SearchSettings): boolean {
  return ["journal.jsonl", "hours.json"].some((name) => existsSync(join(runs, id, name)));
}

function newArgs(
  id: string,
  seed: number,
  decision: SearchDecision,
  record: ControlRecord,
  settings: SearchSettings,
): string[] {
  const production = decision.ofProduction ? ["--production", writeForSearch(id, record, settings)] : [];
  return [...settings.searchFlags, ...ownFlags(id, seed, decision, settings), ...production];
}

function ownFlags(id: string, seed: number, { wanted }: SearchDecision, { models, runs }: SearchSettings): string[] {
  const { newest } = readTrials(runs);
  const warmStart = newest === null || newest === join(runs, id) ? [] : ["--warm-start", newest];
  const budgets = [...new Set(wanted.map(({ budgetMs }) => budgetMs))].join(",");
  const own = ["--id", id, "--budgets", budgets, "--promote", "never", "--models", models, "--runs", runs];
  return [...own, "--seed", String(seed), ...warmStart];
}

/**
 * What control ranked by, in the run's folder: what production taught, over the lengths of late. A copy, since a search keeps to its file
 * for as long as it takes, while control learns on.
 * @throws {ConfigError} when it is forgotten by now, as it may be when an operator accepts late.
 */
function writeForSearch(id: string, record: ControlRecord, { runs, controlFolder }: SearchSettings): string {
  const production = readKeptProduction(controlFolder);
  if (production === null)
    throw new ConfigError("its budgets are of a production that has changed since; the next ranking knows better");
  const path = productionPath(runs, id);
  const shape = { ...production.shape, lengths: sharesUpTo(Number.POSITIVE_INFINITY, record) };
  writeProduction(path, { ...production, shape });
  return path;
}
