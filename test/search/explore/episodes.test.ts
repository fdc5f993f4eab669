import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readFlags } from "../../../search/command/command.ts";
import { searchCommand, toSearchConfig } from "../../../search/config.ts";
import { runProxyTrial } from "../../../search/distil/trial.ts";
import { runEpisodes } from "../../../search/explore/episodes.ts";
import { openJournal, readJournal } from "../../../search/explore/journal.ts";
import { bestPerBudget } from "../../../search/reward/reward.ts";
import { createSpace } from "../../../search/space/space.ts";
import type { Trial } from "../../../search/space/trial.ts";
import { fromArchitectureName } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { root as heritageRoot, tinyHeritage, tinySequences, tinyStates, tinyTeacher } from "../distil/tiny-heritage.ts";
import { failedTrial, runEach, syntheticTrial } from "../synthetic-trials.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-episodes-"));
afterAll(() => {
  for (const folder of [root, heritageRoot]) rmSync(folder, { recursive: true, force: true });
});

const config = toSearchConfig(readFlags(searchCommand, ["--preset", "smoke", "--controller", "random"], {}));

test("runEpisodes() notes a trial whose loss is lost to an absurd learning rate as failed, and goes on", async () => {
  const teacher = tinyTeacher({ kind: "xlm-roberta" });
  const sequences = tinySequences(80, teacher.architecture.vocabulary);
  const [targets, heritage] = [await tinyStates(teacher, sequences), await tinyHeritage(teacher, sequences)];
  const space = createSpace(teacher.architecture.vocabulary, teacher.architecture);
  const path = join(root, "diverged.jsonl");
  const journal = openJournal(path, "diverged", {});
  let begun = 0;
  const lines: string[] = [];
  const trials = await runEpisodes({
    config,
    space,
    teacherShape: null,
    journal,
    earlier: [],
    production: null,
    log: (line) => lines.push(line),
    isOver: () => false,
    run: runEach(async (architecture, episode): Promise<Trial> => {
      const options = { tokens: 20_000, seed: 1, threads: 1, positions: 16, heads: [], onProgress: () => undefined };
      const rateScale = ++begun === 2 ? 1e30 : 1;
      const result = await runProxyTrial(architecture, targets, heritage, { ...options, rateScale });
      if (result.status === "ok") return syntheticTrial(architecture, episode);
      return { episode, architecture, seed: 1, tokens: 0, seconds: 0, ...result, reward: null };
    }),
  });
  journal.close();
  expect(trials.map(({ status }) => status)).toEqual(["ok", "failed", "ok"]);
  expect(readJournal(path).trials).toEqual(trials);
  expect(must(trials[1])).toMatchObject({ reason: expect.stringMatching(/NaN|Infinity|not a number/) });
  expect(lines).toContainEqual(expect.stringMatching(/^trial 2 of 3 .* failed: /));
});

test("runEpisodes() stops between episodes when it is over", async () => {
  const journal = openJournal(join(root, "over.jsonl"), "over", {});
  const trials = await runEpisodes({
    config,
    space: createSpace(1000),
    teacherShape: null,
    journal,
    earlier: [],
    production: null,
    log: () => undefined,
    isOver: (done) => done >= 2,
    run: runEach(syntheticTrial),
  });
  journal.close();
  expect(trials).toHaveLength(2);
});

const quiet = { teacherShape: null, production: null, log: () => undefined, run: runEach(syntheticTrial) };

test("runEpisodes() also gives what its journal holds and nobody proposes again, so that it can win", async () => {
  const [space, path] = [createSpace(1000), join(root, "raised.jsonl")];
  const best = { ...syntheticTrial(must(fromArchitectureName("3x256-ffn256-h8-relu-e64", 1000))), loss: 0.001 };
  const before = openJournal(path, "raised", {});
  before.append(best);
  before.close();
  const journal = openJournal(path, "raised", {});
  const trials = await runEpisodes({ ...quiet, config, space, journal, earlier: [], isOver: () => false });
  journal.close();
  expect(trials).toHaveLength(config.effort.trials + 1);
  expect(trials.at(-1)).toEqual(best);
});

test("runEpisodes() says how many earlier trials its controller learns from: those that succeeded, in this space", async () => {
  const a = must(fromArchitectureName("static-e64", 1000));
  const lineOf = async (name: string, earlier: readonly Trial[]) => {
    const lines: string[] = [];
    const journal = openJournal(join(root, `${name}.jsonl`), name, {});
    const log = (line: string) => lines.push(line);
    await runEpisodes({ ...quiet, config, space: createSpace(1000), journal, earlier, log, isOver: () => true });
    journal.close();
    return lines[0];
  };
  const mixed = [syntheticTrial(a), failedTrial(a), syntheticTrial({ ...a, vocabulary: 2000 })];
  expect(await lineOf("mixed", mixed)).toBe("warm start · the controller learns from 1 of 3 earlier trials");
  expect(await lineOf("failed", [failedTrial(a)])).toMatch(/ learns from 0 of 1 earlier trials: none succeeded /);
});

test("runEpisodes() after a warm start begins where an earlier run ended, and notes only its own trials", async () => {
  const [space, budgetMs] = [createSpace(1000), 0.6];
  const warmed = { ...config, budgetsMs: [budgetMs], controller: "bayesian" as const };
  const searched = async (name: string, total: number, earlier: readonly Trial[]) => {
    const journal = openJournal(join(root, `${name}.jsonl`), name, {});
    const trials = await runEpisodes({
      config: { ...warmed, effort: { ...warmed.effort, trials: total, trialsPerEpisode: 2 } },
      space,
      teacherShape: null,
      production: null,
      journal,
      earlier,
      log: () => undefined,
      isOver: () => false,
      run: runEach(syntheticTrial),
    });
    journal.close();
    expect(readJournal(join(root, `${name}.jsonl`)).trials).toEqual(trials);
    expect(trials).toHaveLength(total);
    return must(bestPerBudget(trials, [budgetMs])[0]).trial?.loss ?? 1;
  };
  const first = await searched("first", 14, []);
  const { trials } = readJournal(join(root, "first.jsonl"));
  expect(await searched("warm", 4, trials)).toBeLessThanOrEqual(first);
});
