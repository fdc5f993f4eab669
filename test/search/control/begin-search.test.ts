import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { readFlags } from "../../../search/command/command.ts";
import { beginSearch, type SearchSettings } from "../../../search/control/begin-search.ts";
import { controlCommand, toControlConfig } from "../../../search/control/control-command.ts";
import { type ControlRecord, initialRecord } from "../../../search/control/record.ts";
import { must } from "../../../src/invariant.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-begin-search-"));
const runs = join(root, "runs");
beforeEach(() => rmSync(root, { recursive: true, force: true }));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Begins a search with these flags, and gives the record after it. */
function begin(flags: readonly string[], record: ControlRecord): ControlRecord {
  const settings: SearchSettings = {
    models: join(root, "models"),
    runs,
    controlFolder: join(runs, "control"),
    searchFlags: flags,
  };
  const wanted = [{ student: "one-2ms", budgetMs: 2 }];
  return beginSearch({ kind: "search", because: "drift", wanted, ofProduction: false }, record, 0, settings).record;
}

const failed = (record: ControlRecord): ControlRecord => ({
  ...record,
  search: { ...must(record.search), status: "failed" },
});

/** As a search leaves it that has begun to try architectures. */
function writeJournal(id: string): void {
  mkdirSync(join(runs, id), { recursive: true });
  writeFileSync(join(runs, id, "journal.jsonl"), "");
}

const first = ["--preset", "smoke", "--data", "wrong"];
const mended = ["--preset", "smoke", "--data", "right"];

test("beginSearch() begins a failed search anew with the flags of now, by its number and seed", () => {
  const { search, searches } = begin(mended, failed(begin(first, initialRecord())));
  expect(searches).toBe(1);
  expect(search).toMatchObject({ id: "control-1", status: "running" });
  expect(search?.args.slice(0, 6)).toEqual([...mended, "--id", "control-1"]);
  expect(search?.args.slice(-2)).toEqual(["--seed", "1"]);
});

test("beginSearch() goes on once with a failed search that has a journal, then or with other flags begins another run", () => {
  const once = failed(begin(first, initialRecord()));
  writeJournal("control-1");
  const again = begin(first, once);
  expect(again.search).toMatchObject({ id: "control-1", args: once.search?.args, again: true });
  expect(begin(mended, once).search?.id).toBe("control-2");
  expect(begin(first, failed(again)).search).toMatchObject({ id: "control-2", again: false });
});

test("beginSearch() counts corrections anew only where the search is given them", () => {
  const record = initialRecord();
  const counted = { ...record, state: { ...record.state, corrections: 250 } };
  expect(begin(["--preset", "smoke"], counted).state.corrections).toBe(250);
  expect(begin(["--feedback", "corrections.jsonl"], counted).state.corrections).toBe(0);
});

test("npm run control searches for corrections where --search has --feedback", () => {
  const config = (search: string) => toControlConfig(readFlags(controlCommand, [`--search=${search}`], {}));
  expect(config("--preset smoke").thresholds.givesFeedback).toBe(false);
  expect(config("--preset smoke --feedback folder").thresholds.givesFeedback).toBe(true);
  expect(config("--feedback=folder").thresholds.givesFeedback).toBe(true);
});
