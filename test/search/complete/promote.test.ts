import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { readFlags } from "../../../search/command/command.ts";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import { promoteIfBetter } from "../../../search/complete/promote.ts";
import { searchCommand, toSearchConfig } from "../../../search/config.ts";
import { feedbackSet } from "../../../search/corrections/feedback-set.ts";
import { type Description, describeStudent } from "../../../search/export/export-student.ts";
import { type Manifest, type ManifestTask, readManifest, type Score } from "../../../src/contract/manifest.ts";
import { noRollouts, standardRolloutRule, withStep, writeRollouts } from "../../../src/contract/rollout.ts";
import { must } from "../../../src/invariant.ts";
import { description, scoreOf, writeStudent } from "../export/written-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-promote-"));
const [models, run] = [join(root, "models"), join(root, "run")];
beforeEach(() => {
  for (const folder of [models, run]) rmSync(folder, { recursive: true, force: true });
});
afterAll(() => rmSync(root, { recursive: true }));

function candidateOf(scores: Score[], seed = 2, change: Partial<Description> = {}, folder = run): Candidate {
  const files = writeStudent(folder, seed);
  return { files, manifest: describeStudent(files, { ...description, scores, ...change }) };
}

const liveVersion = () => readManifest(join(models, "budget-1ms", "manifest.json")).version;

/** Promotes a first student, then tries another; returns the lines of the log and what is in `models/` then. */
function compete(
  first: Score[],
  second: Score[],
  flags: string[] = [],
): { lines: string[]; live: Manifest; second: Manifest } {
  const config = toSearchConfig(readFlags(searchCommand, ["--models", models, ...flags], {}));
  const lines: string[] = [];
  promoteIfBetter({ ...config, promote: "better" }, candidateOf(first, 1), (line) => lines.push(line));
  const candidate = candidateOf(second);
  promoteIfBetter(config, candidate, (line) => lines.push(line));
  return { lines, live: readManifest(join(models, "budget-1ms", "manifest.json")), second: candidate.manifest };
}

test("promoteIfBetter() takes the first student of a budget and then a better one", () => {
  const { lines, live, second } = compete([scoreOf(0.6)], [scoreOf(0.61)]);
  expect(live.version).toBe(second.version);
  expect(lines.every((line) => line.includes("now in"))).toBe(true);
});

test("promoteIfBetter() says of a student that it has promoted before that it is there", () => {
  const lines: string[] = [];
  const candidate = candidateOf([scoreOf(0.6)]);
  for (let i = 0; i < 2; i++) promoteIfBetter({ models, promote: "better" }, candidate, (line) => lines.push(line));
  expect(lines[1]).toBe(
    `budget-1ms · is in ${join(models, "budget-1ms")} already (version ${candidate.manifest.version})`,
  );
});

test("promoteIfBetter() keeps an old student that is better or as good, and says why", () => {
  for (const score of [0.59, 0.6]) {
    const { lines, live, second } = compete([scoreOf(0.6)], [scoreOf(score)]);
    expect(live.version).not.toBe(second.version);
    expect(lines[1]).toContain(`left in ${run}: mean score ${score.toFixed(4)} is not above the 0.6000`);
    rmSync(models, { recursive: true });
  }
});

test("promoteIfBetter() compares what both were judged on, each task counting once", () => {
  const other = (student: number, dataSet: string) => scoreOf(student, { task: "filter", dataSet });
  const first = [scoreOf(0.5), other(0.8, "a"), other(0.8, "b"), scoreOf(0.99, { dataSet: "gone" })];
  const second = [scoreOf(0.56), other(0.76, "a"), other(0.76, "b"), scoreOf(0.01, { dataSet: "new" })];
  const result = compete(first, second);
  expect(result.live.version).toBe(result.second.version);
});

test("promoteIfBetter() counts data sets by the root of their rows, and no suite beside them", () => {
  const many = (student: number) =>
    ["de", "fr", "it", "es"].map((language) => scoreOf(student, { dataSet: "many", language }));
  const suite = (student: number) => scoreOf(student, { task: "filter", dataSet: "hatecheck_en" });
  const plain = (student: number) => scoreOf(student, { task: "filter", dataSet: "plain" });
  const first = [scoreOf(0.5), ...many(0.6), suite(0.9), plain(0.5)];
  const second = [scoreOf(0.61), ...many(0.55), suite(0.1), plain(0.5)];
  const result = compete(first, second);
  expect(result.live.version).toBe(result.second.version);
});

test("promoteIfBetter() does not let a few rows outweigh thousands", () => {
  const few = (student: number) => scoreOf(student, { dataSet: "few", rows: 40 });
  const thousands = (student: number) => scoreOf(student, { dataSet: "thousands", rows: 4000 });
  const result = compete([few(0.7), thousands(0.6)], [few(0.66), thousands(0.61)]);
  expect(result.live.version).toBe(result.second.version);
});

test("promoteIfBetter() compares sets of which only somebody else knows how well the old student does", () => {
  const own = (student: number) => scoreOf(student, { dataSet: "own" });
  const live = candidateOf([scoreOf(0.6)], 1);
  const tell = (rival: Score[]) => {
    const lines: string[] = [];
    promoteIfBetter({ models, promote: "better" }, live, () => {});
    const fresh = candidateOf([scoreOf(0.59), own(0.7)]);
    promoteIfBetter({ models, promote: "better", rival: [scoreOf(0.6), ...rival] }, fresh, (line) => lines.push(line));
    return lines[0];
  };
  expect(tell([])).toContain("left in");
  expect(tell([own(0.75)])).toContain("left in");
  expect(tell([own(0.65)])).toContain("now in");
});

test("promoteIfBetter() does not compare scores of different rows", () => {
  const { lines, live, second } = compete([scoreOf(0.6)], [scoreOf(0.9, { rows: 50 })]);
  expect(live.version).not.toBe(second.version);
  expect(lines[1]).toContain("shares no validation set");
});

test("promoteIfBetter() says which task's labels are others where nothing can be compared", () => {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const [first, ...rest] = description.tasks as [ManifestTask, ...ManifestTask[]];
  promoteIfBetter({ models, promote: "better" }, candidateOf([scoreOf(0.6)], 1), log);
  const tasks = [{ ...first, labels: [...first.labels, "other"] }, ...rest];
  promoteIfBetter({ models, promote: "better" }, candidateOf([scoreOf(0.9, { rows: 50 })], 2, { tasks }), log);
  expect(lines[1]).toContain(`its labels of ${first.name} are other ones than those of version`);
});

test("promoteIfBetter() keeps an old student that answers a task which the new one does not", () => {
  const config = toSearchConfig(readFlags(searchCommand, ["--models", models], {}));
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  promoteIfBetter(config, candidateOf([scoreOf(0.6)], 1), log);
  const files = writeStudent(run, 2);
  const tasks = description.tasks.slice(1);
  const lost = description.tasks[0]?.name;
  promoteIfBetter(
    config,
    { files, manifest: describeStudent(files, { ...description, tasks, scores: [scoreOf(0.9)] }) },
    log,
  );
  expect(lines[1]).toMatch(new RegExp(`left in .*also answers ${lost} \\(--name`));
});

test("promoteIfBetter() leaves everything where it is under --promote never", () => {
  const { lines, live, second } = compete([scoreOf(0.6)], [scoreOf(0.9)], ["--promote", "never"]);
  expect(live.version).not.toBe(second.version);
  expect(lines[1]).toContain("--promote never");
});

test("promoteIfBetter() does not end a search over a damaged manifest", () => {
  const config = toSearchConfig(readFlags(searchCommand, ["--models", models], {}));
  mkdirSync(join(models, "budget-1ms"), { recursive: true });
  writeFileSync(join(models, "budget-1ms", "manifest.json"), "{");
  const lines: string[] = [];
  promoteIfBetter(config, candidateOf([scoreOf(0.6)]), (line) => lines.push(line));
  expect(must(lines[0])).toContain("cannot be read");
});

test("promoteIfBetter() takes what a student has learned from corrections, and never puts it back unlearned", () => {
  const config = toSearchConfig(readFlags(searchCommand, ["--models", models], {}));
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const base = candidateOf([scoreOf(0.6)], 1);
  promoteIfBetter(config, base, log);
  const files = writeStudent(run, 2);
  const dataSets = [...description.dataSets, { ...feedbackSet }];
  const manifest = describeStudent(files, { ...description, dataSets, scores: [scoreOf(0.597)] });
  promoteIfBetter(config, { files, manifest, base: base.manifest }, log);
  expect(liveVersion()).toBe(manifest.version);
  promoteIfBetter(config, candidateOf([scoreOf(0.7)], 1), log);
  expect(liveVersion()).toBe(manifest.version);
  expect(lines[2]).toContain("has learned from corrections, and this one has not (--feedback FOLDER)");
  const furtherFiles = writeStudent(run, 3);
  const further = describeStudent(furtherFiles, { ...description, dataSets, scores: [scoreOf(0.61)] });
  promoteIfBetter(config, { files: furtherFiles, manifest: further }, log);
  expect(liveVersion()).toBe(further.version);
});

/** Tries students one after another; returns the last line of the log. */
function tryAll(...candidates: (() => Candidate)[]): string {
  const lines: string[] = [];
  for (const candidate of candidates)
    promoteIfBetter({ models, promote: "better" }, candidate(), (line) => lines.push(line));
  return must(lines.at(-1));
}

const corrected = { dataSets: [...description.dataSets, { ...feedbackSet }] };

test("promoteIfBetter() compares what another search taught that only has the same id, seed and architecture", () => {
  const served = candidateOf([scoreOf(0.6)], 1, corrected);
  const base = candidateOf([scoreOf(0.59)], 3).manifest;
  const last = tryAll(
    () => candidateOf([scoreOf(0.6)], 1, corrected),
    () => ({ ...candidateOf([scoreOf(0.7)], 2, corrected), base }),
  );
  expect(last).toContain("mean score 0.5900 is not above the 0.6000");
  expect(liveVersion()).toBe(served.manifest.version);
});

test("promoteIfBetter() takes what has learned from more corrections to the base of the live student", () => {
  const home = join(run, "one");
  const base = candidateOf([scoreOf(0.6)], 1, {}, join(home, "student"));
  const learned = (hash: string, score: number, seed: number): Candidate => ({
    ...candidateOf([scoreOf(score)], seed, corrected, join(home, `corrected-${hash}`, "student")),
    base: base.manifest,
  });
  const last = tryAll(
    () => base,
    () => learned("a", 0.61, 2),
    () => learned("b", 0.599, 3),
  );
  expect(last).toContain("now in");
  expect(liveVersion()).toBe(learned("b", 0.599, 3).manifest.version);
});

/** A student of some layers that takes so long for 32 tokens. */
function timed(layers: number, p50Ms: number, score: number): () => Candidate {
  const architecture = { ...description.architecture, layers };
  const latency = { ...description.latency, lengths: [{ tokens: 32, p50Ms, p95Ms: 2 * p50Ms }] };
  return () => candidateOf([scoreOf(score)], Math.round(100 * score), { architecture, latency });
}

test("promoteIfBetter() leaves a better student where it is that takes longer than its name says", () => {
  expect(tryAll(timed(1, 0.9, 0.6), timed(2, 1.2, 0.7))).toMatch(
    /left in .*: it takes 1\.20 ms for 32 tokens, which its name denies; version [0-9a-f]{12} takes 0\.90 ms/,
  );
  expect(tryAll(timed(2, 1.09, 0.7))).toContain("now in");
});

test("promoteIfBetter() takes a slow student where the live one is as slow, or of the same architecture", () => {
  expect(tryAll(timed(1, 1.2, 0.6), timed(2, 1.3, 0.7))).toContain("now in");
  rmSync(models, { recursive: true });
  expect(tryAll(timed(1, 0.9, 0.6), timed(1, 1.3, 0.7))).toContain("now in");
});

test("promoteIfBetter() holds nothing to its name whose budget is of production's texts", () => {
  tryAll(timed(1, 0.9, 0.6));
  const lines: string[] = [];
  const config = { models, promote: "better", production: "runs/one/production.json" } as const;
  promoteIfBetter(config, timed(2, 1.2, 0.7)(), (line) => lines.push(line));
  expect(lines[0]).toContain("now in");
});

test("promoteIfBetter() leaves a better student where it is while a candidate is beside the live one", () => {
  tryAll(() => candidateOf([scoreOf(0.6)], 1));
  const [version, since] = ["0123456789ab", "2026-01-31T12:00:00Z"];
  const candidate = { folder: `.candidates/budget-1ms-${version}`, version };
  const now = {
    candidate,
    stage: "shadow",
    share: 0.1,
    stickyBy: "request",
    since,
    rule: standardRolloutRule,
  } as const;
  const step = { at: since, to: "shadow", version, reason: "a test" } as const;
  const rollouts = withStep(noRollouts, "budget-1ms", now, step);
  const better = () => candidateOf([scoreOf(0.7)]);
  writeRollouts(models, rollouts);
  expect(tryAll(better)).toMatch(/left in .*: a candidate is beside budget-1ms; end its rollout first/);
  writeRollouts(models, withStep(rollouts, "budget-1ms", null, { ...step, to: "rolled-back" }));
  expect(tryAll(better)).toContain("now in");
  writeFileSync(join(models, "rollout.json"), "{");
  expect(tryAll(() => candidateOf([scoreOf(0.8)], 5))).toMatch(/left in .*rollout\.json: not usable/);
});
