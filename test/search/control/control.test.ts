import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { Control, type ControlOptions, controlFolderOf, type Mode } from "../../../search/control/control.ts";
import type { Decision } from "../../../search/control/decision.ts";
import { Proposals } from "../../../search/control/proposals.ts";
import { type ControlRecord, initialRecord } from "../../../search/control/record.ts";
import { standardSettings } from "../../../search/control/settings.ts";
import { openStore } from "../../../search/control/store.ts";
import { placeCandidate, setStage } from "../../../search/export/candidate-folder.ts";
import type { Metrics } from "../../../serve/metrics/metrics.ts";
import { readManifest } from "../../../src/contract/manifest.ts";
import {
  candidatesFolderName,
  type RolloutStage,
  readRollouts,
  rolloutFileName,
  standardRolloutRule,
} from "../../../src/contract/rollout.ts";
import { must } from "../../../src/invariant.ts";
import { ownDraft } from "../../../src/own-draft.ts";
import type { Page } from "../../fixtures/listen.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";
import { freshMetrics, listenMetrics, serveTexts } from "../metrics-server.ts";
import { minute, startMs, trained } from "./situation.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-control-"));
const [models, runs] = [join(root, "models"), join(root, "runs")];
const folder = controlFolderOf(runs);
const name = "one-4ms";
const hour = 60 * minute;
let metrics: Metrics;
let server: Page;
let log: string[];
let old: string;
beforeEach(async () => {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(models, { recursive: true });
  const live = writeTinyStudent(join(models, name), { name, layers: 0 });
  old = live.version;
  metrics = freshMetrics([live]);
  metrics.observeQueue({ depth: () => 0, limit: 100, workers: 1 });
  server = await listenMetrics(metrics);
  log = [];
});
afterEach(() => server.close());
afterAll(() => rmSync(root, { recursive: true, force: true }));

function start(mode: Mode): Control {
  const options: ControlOptions = {
    ...{ mode, models, runs, controlFolder: folder, urls: [server.url], searchFlags: [], production: null },
    ...{ cpuShare: 0.5, shadowShare: 0.1, canaryShare: 0.1, rule: standardRolloutRule, maxAgeMs: 300_000 },
    thresholds: standardSettings,
  };
  return new Control(options, (line) => void log.push(line));
}

/** A window in which the live student answers texts. */
async function served(control: Control, atMs: number): Promise<void> {
  const lengths = Array.from({ length: 200 }, () => 20);
  serveTexts(metrics, name, "sentiment", lengths, () => 1);
  for (const _ of lengths) metrics.stage(name, "post", 0.1);
  await control.window(atMs);
}

/** @returns the candidate's version. */
function putBeside(stage: RolloutStage, sinceMs: number, tasks?: readonly string[]): string {
  writeTinyStudent(join(root, "run"), { name, layers: 0, seed: 2, ...(tasks && { tasks }) });
  const { candidate } = placeCandidate(models, join(root, "run"));
  const since = new Date(sinceMs).toISOString();
  const rule = standardRolloutRule;
  setStage(models, name, { candidate, stage, share: 0.1, stickyBy: "request", since, rule }, "a test");
  return candidate.version;
}

const proposals = () => new Proposals(folder);
const statuses = () => Array.from(proposals().all(), ({ status }) => status);

function accept(decision: Decision): void {
  const { id } = proposals().propose({ decision, reason: "a test" }, startMs);
  proposals().answer(id, "accepted", new Date(startMs));
}

/** As a control left it that was killed amid this decision. */
function leave(decision: Decision, search: ControlRecord["search"] = null): void {
  openStore(folder).write({ ...initialRecord(), search, intent: { decision, reason: "a test", atMs: startMs } });
}

/** Nothing can be put in the place of a folder. */
function refuseState(): void {
  rmSync(join(folder, "state.json"), { force: true });
  mkdirSync(join(folder, "state.json"));
}

function allowState(): void {
  rmSync(join(folder, "state.json"), { recursive: true });
}

const live = () => readManifest(join(models, name, "manifest.json")).version;
const rolloutFile = () => readFileSync(join(models, "rollout.json"), "utf8");
const search: Decision = {
  kind: "search",
  because: "drift",
  wanted: [{ student: name, budgetMs: 4 }],
  ofProduction: false,
};

test("Control does not propose a step again that was rejected, until six hours later", async () => {
  putBeside("shadow", startMs - 48 * hour);
  const control = start("propose");
  await control.window(startMs);
  await served(control, startMs + minute);
  expect(statuses()).toEqual(["open"]);
  proposals().answer(1, "rejected", new Date(startMs + 2 * minute));
  for (const atMs of [startMs + 3 * minute, startMs + 6 * hour]) {
    await served(control, atMs);
    expect(statuses(), log.join("\n")).toEqual(["rejected"]);
  }
  await served(control, startMs + 6 * hour + 3 * minute);
  expect(statuses(), log.join("\n")).toEqual(["rejected", "open"]);
});

test("Control keeps with an accepted proposal what became of it", async () => {
  const version = putBeside("canary", startMs, ["sentiment"]);
  accept({ kind: "promote", student: name, version });
  accept({ kind: "roll-back", student: name, version });
  await start("propose").window(startMs);
  const lost = `${name} ${version} does not answer filter, language, adequacy, which the live student does`;
  expect(proposals().all()).toMatchObject([
    { status: "failed", outcome: `failed: ${lost}` },
    { status: "done", outcome: "done" },
  ]);
  expect(live()).toBe(old);
});

test("Control goes on where the system refuses what was decided, and says why", async () => {
  const run = join(root, "run");
  const { version } = writeTinyStudent(run, { name, layers: 0, seed: 2 });
  writeFileSync(join(models, candidatesFolderName), "no folder");
  const candidate = trained({ folder: run, version, wasLive: false });
  accept({ kind: "start-shadow", student: name, candidate, expectedRatio: 1 });
  await start("propose").window(startMs);
  expect(proposals().all()).toMatchObject([{ status: "failed", outcome: expect.stringMatching(/^failed: E[A-Z]+: /) }]);
  expect(openStore(folder).read().intent).toBeNull();
});

test("Control that observes says what was left, and leaves it as it is", async () => {
  const version = putBeside("promoting", startMs);
  leave(search, {
    ...{ id: "control-1", args: ["--help"], status: "running" as const, startedAtMs: startMs, endedAtMs: null },
    ...{ process: null, crashes: 0, said: "", again: false },
  });
  accept({ kind: "roll-back", student: name, version });
  const before = rolloutFile();
  const control = start("observe");
  control.resume(startMs);
  await control.window(startMs + minute);
  control.end();
  expect(rolloutFile()).toBe(before);
  expect(live()).toBe(old);
  expect(statuses()).toEqual(["accepted"]);
  expect(existsSync(join(folder, "searches", "control-1.log"))).toBe(false);
  expect(readdirSync(runs)).toEqual(["control"]);
  expect(log.slice(0, 4)).toEqual([
    `${name} · its promotion, amid which somebody was killed, is not finished: mode observe`,
    "proposal 1 · is accepted, and not carried out: mode observe",
    "search control-1 · was not over, and is left as it is: mode observe",
    `${new Date(startMs).toISOString()} search · a test → not done: mode observe`,
  ]);
  expect(openStore(folder).read().intent).toBeNull();
});

test("Control that proposes finishes a promotion, and proposes what was decided and not done", () => {
  const version = putBeside("promoting", startMs);
  leave(search);
  start("propose").resume(startMs + minute);
  expect(live()).toBe(version);
  expect(proposals().all()).toMatchObject([{ status: "open", decision: search, reason: "a test" }]);
});

test("Control that acts does what was decided and not done", () => {
  const version = putBeside("shadow", startMs);
  leave({ kind: "roll-back", student: name, version });
  start("act").resume(startMs + minute);
  expect(readRollouts(models).rollouts[0]?.now).toBeNull();
  expect(log.at(-1)).toContain("a test → taken up again: done");
});

test("Control forgets what it could not write down that it would do", async () => {
  const version = putBeside("canary", startMs);
  accept({ kind: "roll-back", student: name, version });
  const control = start("propose");
  refuseState();
  await expect(control.window(startMs)).rejects.toThrow(/^E[A-Z]+: /);
  allowState();
  proposals().settle(must(proposals().with("accepted")[0]), "failed", "given up");
  await control.window(startMs + minute);
  expect(openStore(folder).read().intent).toBeNull();
});

test("tryResume() is false while the system refuses to write, and does what was left once", () => {
  const version = putBeside("shadow", startMs);
  leave({ kind: "roll-back", student: name, version });
  const control = start("act");
  refuseState();
  expect(control.tryResume(startMs + minute)).toBe(false);
  expect(log.at(-1)).toMatch(/^nothing · E[A-Z]+: /);
  allowState();
  expect(control.tryResume(startMs + 2 * minute)).toBe(true);
  const [rollout] = readRollouts(models).rollouts;
  expect(rollout?.history.filter(({ to }) => to === "rolled-back")).toHaveLength(1);
});

test("tryResume() does what was left also where neither it nor its outcome could be written at first", () => {
  const version = putBeside("shadow", startMs);
  leave({ kind: "roll-back", student: name, version });
  const control = start("act");
  const draft = ownDraft(join(models, rolloutFileName));
  mkdirSync(draft);
  refuseState();
  expect(control.tryResume(startMs + minute)).toBe(false);
  allowState();
  rmSync(draft, { recursive: true });
  expect(control.tryResume(startMs + 2 * minute)).toBe(true);
  const [rollout] = readRollouts(models).rollouts;
  expect(rollout?.history.filter(({ to }) => to === "rolled-back")).toHaveLength(1);
});

test("tryResume() loses nothing of what was left that it could not propose at first", () => {
  leave(search);
  const control = start("propose");
  rmSync(join(folder, "proposals"), { recursive: true });
  expect(control.tryResume(startMs + minute)).toBe(false);
  mkdirSync(join(folder, "proposals"));
  expect(control.tryResume(startMs + 2 * minute)).toBe(true);
  expect(proposals().all()).toMatchObject([{ status: "open", decision: search, reason: "a test" }]);
});
