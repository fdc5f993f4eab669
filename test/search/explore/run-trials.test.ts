import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readFlags } from "../../../search/command/command.ts";
import { searchCommand, toSearchConfig } from "../../../search/config.ts";
import { openJournal, readJournal } from "../../../search/explore/journal.ts";
import { ranAlone, runTrials } from "../../../search/explore/run-trials.ts";
import { type Architecture, architectureName, fromArchitectureName } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { runEach, syntheticTrial } from "../synthetic-trials.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-run-trials-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The first is unlike the others. */
const [flat, a, b, c] = ["static-e64", ...[128, 160, 192].map((ffn) => `2x128-ffn${ffn}-h4-gelu-e128`)].map((name) =>
  must(fromArchitectureName(name, 1000)),
) as [Architecture, Architecture, Architecture, Architecture];

/** Runs trials and says which were run together, with how many threads each. */
async function run(id: string, threads: number, architectures: readonly Architecture[]) {
  const groups: { readonly names: readonly string[]; readonly threads: number }[] = [];
  const path = join(root, `${id}.jsonl`);
  const journal = openJournal(path, id, {});
  const config = {
    ...toSearchConfig(readFlags(searchCommand, ["--preset", "smoke", "--threads", String(threads)], {})),
    runs: root,
    id,
  };
  const running = runTrials(
    {
      ...{ config, journal, log: () => undefined },
      run: (group, place) => {
        groups.push({ names: group.map(architectureName), threads: place.threads });
        return runEach(syntheticTrial)(group, place);
      },
    },
    architectures,
    3,
  );
  const trials = [];
  for await (const trial of running) trials.push(trial);
  journal.close();
  return { groups, trials, written: readJournal(path).trials };
}

test("runTrials() runs those of like size side by side, as many as there are threads, and gives and notes all in their order", async () => {
  const { groups, trials, written } = await run("pairs", 2, [c, a, b]);
  expect(groups).toEqual([
    { names: [c, a].map(architectureName), threads: 1 },
    { names: [architectureName(b)], threads: 2 },
  ]);
  expect(trials).toEqual([c, a, b].map((each) => syntheticTrial(each, 3)));
  expect(written).toEqual(trials);
});

test("runTrials() gives a trial beside which the next would soon be done all threads", async () => {
  const { groups } = await run("unlike", 2, [a, flat, b]);
  expect(groups).toEqual([a, flat, b].map((each) => ({ names: [architectureName(each)], threads: 2 })));
});

test("runTrials() gives each of a few trials its share of many threads", async () => {
  const { groups } = await run("many", 7, [a, b, c]);
  expect(groups).toEqual([{ names: [a, b, c].map(architectureName), threads: 2 }]);
});

test("ranAlone() tells the trials that had all threads, an episode at a time", () => {
  const trials = [syntheticTrial(a, 0), syntheticTrial(flat, 0), syntheticTrial(b, 1), syntheticTrial(c, 1)];
  expect(ranAlone(trials, 2)).toEqual(trials.slice(0, 2));
  expect(ranAlone(trials, 1)).toEqual(trials);
});

test("runTrials() takes up what the journal holds, and what is left of a pair has the threads that it had in the pair", async () => {
  const unbroken = await run("unbroken", 2, [a, b]);
  await run("killed", 2, [a]);
  const { groups, trials, written } = await run("killed", 2, [a, b]);
  expect(groups).toEqual([{ names: [architectureName(b)], threads: 1 }]);
  expect(trials).toEqual(unbroken.trials);
  expect(written).toEqual(unbroken.written);
});
