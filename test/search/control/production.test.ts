import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { readFlags } from "../../../search/command/command.ts";
import { searchCommand, toSearchConfig } from "../../../search/config.ts";
import { controlCommand, toControlConfig } from "../../../search/control/control-command.ts";
import type { Decision } from "../../../search/control/decision.ts";
import { keptProductionPath, readKeptProduction, takeUpProduction } from "../../../search/control/kept-production.ts";
import { observe } from "../../../search/control/observe.ts";
import { Observer } from "../../../search/control/observer.ts";
import { type PerformSettings, perform } from "../../../search/control/perform.ts";
import { keepTraffic, recentTraffic } from "../../../search/control/recent-traffic.ts";
import { type ControlRecord, initialRecord } from "../../../search/control/record.ts";
import { meanTokens } from "../../../search/reward/production/observed.ts";
import { readProduction, writeProduction } from "../../../search/reward/production/production-file.ts";
import type { Manifest } from "../../../src/contract/manifest.ts";
import { noRollouts, standardRolloutRule } from "../../../src/contract/rollout.ts";
import { freshMetrics, serveTexts } from "../metrics-server.ts";
import { lengths, offBy, slow } from "../reward/production/served-world.ts";
import { syntheticLatencyMs } from "../synthetic-trials.ts";
import { startMs } from "./situation.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-control-production-"));
const [models, runs] = [join(root, "models"), join(root, "runs")];
const live: Manifest = { ...slow, name: "one-4ms" };
const settings: PerformSettings = {
  models,
  runs,
  controlFolder: join(runs, "control"),
  searchFlags: ["--preset", "smoke"],
  shadowShare: 0.1,
  canaryShare: 0.1,
  rule: standardRolloutRule,
};
beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  for (const folder of [join(models, live.name), settings.controlFolder]) mkdirSync(folder, { recursive: true });
  describeLive({});
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function describeLive(latency: Partial<Manifest["latency"]>): void {
  const manifest = { ...live, latency: { ...live.latency, ...latency } };
  writeFileSync(join(models, live.name, "manifest.json"), JSON.stringify(manifest));
}

/** Mean over the texts' lengths, as it was timed offline. */
const offlineMs = (texts = lengths) =>
  texts.reduce((sum, tokens) => sum + syntheticLatencyMs(live.architecture, tokens), 0) / texts.length;

/** Control's look at a server whose student takes `factors` times its offline time, a window each. */
async function windows(factors: readonly number[], texts = lengths): Promise<ControlRecord> {
  const metrics = freshMetrics([live]);
  metrics.observeQueue({ depth: () => 0, limit: 100, workers: 1 });
  const observer = new Observer(300_000);
  let record = initialRecord();
  for (const [i, factor] of [1, ...factors].entries()) {
    if (i > 0)
      serveTexts(metrics, live.name, "sentiment", texts, (t) => factor * syntheticLatencyMs(live.architecture, t));
    const atMs = startMs + i * 60_000;
    const look = observer.look([{ server: "a", text: await metrics.text() }], atMs);
    keepTraffic(settings.controlFolder, look);
    const search = { status: "idle", id: null, endedAtMs: null, said: "" } as const;
    ({ record } = observe(record, look, { rollouts: noRollouts, search, waiting: [] }, atMs));
  }
  return record;
}

const act = (decision: Decision, record: ControlRecord, atMs = startMs + 600_000) =>
  perform({ decision, reason: "test" }, record, atMs, settings);
const aimed: Decision = {
  kind: "search",
  because: "unfit",
  wanted: [{ student: live.name, budgetMs: 4 }],
  ofProduction: true,
};

describe("re-rank", () => {
  test("learns production where nothing did yet, and ranks students by the expected ms of its texts", async () => {
    const { record, outcome } = act({ kind: "re-rank" }, await windows([3, 3]));
    expect(record.ranking?.ofProduction).toBe(true);
    const [slot] = record.ranking?.slots ?? [];
    expect(offBy(slot?.live.expectedMs, 3 * offlineMs())).toBeLessThan(0.1);
    expect(outcome).toMatch(
      /one-4ms .* is worth .* ms a text.*; learned from 400 texts of \d+\.\d tokens, 1\.00 in a pass/,
    );
    expect(readKeptProduction(settings.controlFolder)?.created).toBe(new Date(startMs + 600_000).toISOString());
    const again = act({ kind: "re-rank" }, record);
    expect(again.outcome).toContain("by production as of 2026-01-05T00:10");
  });

  test("expects by each student's own ratio where the metrics are refused, and says why", async () => {
    describeLive({ cpu: "another machine" });
    const { record, outcome } = act({ kind: "re-rank" }, await windows([3, 3]));
    expect(outcome).toContain("nothing learned for production.json: other hardware than stated");
    expect(record.ranking?.ofProduction).toBe(false);
    expect(existsSync(keptProductionPath(settings.controlFolder))).toBe(false);
  });

  test("ranks by the lengths of late and not by those that production was learned from", async () => {
    const { record } = act({ kind: "re-rank" }, await windows([1, 1]));
    const longer = lengths.map((tokens) => 2 * tokens);
    const later = { ...record, lengths: (await windows([1], longer)).lengths };
    const ranked = act({ kind: "re-rank" }, later).record.ranking?.slots[0];
    expect(offBy(ranked?.live.expectedMs, offlineMs(longer))).toBeLessThan(0.1);
  });
});

describe("recalibrate", () => {
  test("learns production of late anew", async () => {
    act({ kind: "recalibrate" }, await windows([1, 1]));
    const before = readKeptProduction(settings.controlFolder)?.students[0]?.ratio;
    const { record, outcome } = act({ kind: "recalibrate" }, await windows(Array(12).fill(2)));
    expect(offBy(before, 1)).toBeLessThan(0.1);
    expect(offBy(readKeptProduction(settings.controlFolder)?.students[0]?.ratio, 2)).toBeLessThan(0.1);
    expect(record.calibrated).toEqual({ [live.name]: 1 });
    expect(outcome).toMatch(
      /measured to predicted: one-4ms ×1\.00; learned from 2000 texts .*, prediction off by 5\d.* % before and \d.* % after → /,
    );
  });

  test("forgets what was learned of another time when the metrics of late are refused", async () => {
    act({ kind: "recalibrate" }, await windows([1]));
    const { outcome } = act({ kind: "recalibrate" }, await windows(Array(10).fill(200)));
    expect(outcome).toContain("nothing learned for production.json: one-4ms: absurd latency");
    expect(readKeptProduction(settings.controlFolder)).toBeNull();
  });
});

describe("search", () => {
  test("is told of production by a file of its own, over the lengths of late, which control's next calibration leaves as it is", async () => {
    const { record } = act({ kind: "re-rank" }, await windows([3, 3]));
    expect(record.ranking?.slots[0]?.searchBudgetMs).toBe(4);
    const longer = lengths.map((tokens) => 2 * tokens);
    const later = { ...record, lengths: (await windows([3], longer)).lengths };
    const { search } = act(aimed, later).record;
    const config = toSearchConfig(readFlags(searchCommand, search?.args ?? [], {}));
    expect(config).toMatchObject({ production: join(runs, "control-1", "production.json"), budgetsMs: [4] });
    const file = readFileSync(config.production ?? "", "utf8");
    const [given, kept] = [readProduction(config.production ?? ""), readKeptProduction(settings.controlFolder)];
    expect(given.students).toEqual(kept?.students);
    if (kept === null) throw new Error("nothing was kept");
    expect(offBy(meanTokens(given.shape), 2 * meanTokens(kept.shape))).toBeLessThan(0.1);
    act({ kind: "recalibrate" }, later, startMs + 1_200_000);
    expect(readFileSync(config.production ?? "", "utf8")).toBe(file);
  });

  test("has budgets offline where production taught nothing", async () => {
    describeLive({ cpu: "another machine" });
    const { record } = act({ kind: "re-rank" }, await windows([1, 1]));
    const { search } = act({ ...aimed, ofProduction: false }, record).record;
    expect(search?.args).not.toContain("--production");
    const [slot] = record.ranking?.slots ?? [];
    const ratio = syntheticLatencyMs(live.architecture, 32) / offlineMs();
    expect(offBy(slot?.searchBudgetMs, 4 * ratio)).toBeLessThan(0.1);
  });

  test("is not begun with budgets of a production that is forgotten by now", async () => {
    const { record, outcome } = act(aimed, await windows([1]));
    expect(outcome).toContain("failed: its budgets are of a production that has changed since");
    expect(record.search).toBeNull();
  });
});

test("recentTraffic() is of the last ten windows, and is there after a restart", async () => {
  expect(recentTraffic(settings.controlFolder)).toBeNull();
  await windows(Array(13).fill(1));
  const traffic = recentTraffic(settings.controlFolder);
  expect(traffic?.parts).toHaveLength(10);
  expect(traffic?.seconds).toBe(600);
  expect(traffic?.parts[0]?.every(({ name }) => /tokens|batch_size|stage|http/.test(name))).toBe(true);
});

test("takeUpProduction() takes what is newer than control's own knowledge", async () => {
  act({ kind: "re-rank" }, await windows([1, 1]));
  const kept = readKeptProduction(settings.controlFolder);
  if (kept === null) throw new Error("nothing was learned");
  const file = join(root, "given.json");
  const give = (atMs: number, record = initialRecord()) => {
    writeProduction(file, { ...kept, created: new Date(atMs).toISOString() });
    return takeUpProduction(file, settings.controlFolder, record);
  };
  expect(give(startMs)).toBe(false);
  expect(give(startMs + 3_600_000)).toBe(true);
  const calibrated = initialRecord();
  const state = { ...calibrated.state, lastAtMs: { recalibrate: startMs + 7_200_000 } };
  expect(give(startMs + 7_000_000, { ...calibrated, state })).toBe(false);
});

test("npm run control takes --production itself and refuses it in --search", () => {
  const config = (...args: string[]) => toControlConfig(readFlags(controlCommand, args, {}));
  expect(config("--production", "x.json").production).toBe("x.json");
  expect(config().production).toBeNull();
  for (const flags of ["--production x.json", "--metrics=http://a"])
    expect(() => config(`--search=${flags}`)).toThrow(/--search: --(production|metrics) is for control itself/);
});
