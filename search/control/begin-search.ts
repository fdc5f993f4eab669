import { join } from "node:path";
import { ConfigError } from "../../src/errors.ts";
import { productionPath, writeProduction } from "../reward/production/production-file.ts";
import type { Decision } from "./decision.ts";
import { sharesUpTo } from "./expect-text.ts";
import { readKeptProduction } from "./kept-production.ts";
import { readTrials, type StudentFolders } from "./known-students.ts";
import type { ControlRecord } from "./record.ts";

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

/** Writes a search into the record, from where it is begun; one that failed is tried again as it was. */
export function beginSearch(
  decision: SearchDecision,
  record: ControlRecord,
  atMs: number,
  settings: SearchSettings,
): Performed {
  if (record.search?.status === "running") return { record, outcome: `search ${record.search.id} runs already` };
  const retried = record.search?.status === "failed" ? record.search : null;
  const number = record.searches + (retried === null ? 1 : 0);
  const id = `control-${number}`;
  const args = retried?.args ?? [
    ...settings.searchFlags,
    ...ownFlags(id, number, decision, settings),
    ...(decision.ofProduction ? ["--production", writeForSearch(id, record, settings)] : []),
  ];
  const search = {
    ...{ id, args, status: "running" as const, startedAtMs: atMs, endedAtMs: null },
    ...{ process: null, crashes: 0, said: "begun" },
  };
  return { record: { ...record, search, searches: number }, outcome: `npm run search -- ${args.join(" ")}` };
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
