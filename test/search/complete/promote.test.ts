import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { readFlags } from "../../../search/command/command.ts";
import type { Candidate } from "../../../search/complete/export-candidate.ts";
import { promoteIfBetter } from "../../../search/complete/promote.ts";
import { searchCommand, toSearchConfig } from "../../../search/config.ts";
import { feedbackSet } from "../../../search/corrections/feedback-set.ts";
import { describeStudent } from "../../../search/export/export-student.ts";
import { type Manifest, readManifest, type Score } from "../../../src/contract/manifest.ts";
import { must } from "../../../src/invariant.ts";
import { description, scoreOf, writeStudent } from "../export/written-student.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-promote-"));
const [models, run] = [join(root, "models"), join(root, "run")];
beforeEach(() => {
  for (const folder of [models, run]) rmSync(folder, { recursive: true, force: true });
});
afterAll(() => rmSync(root, { recursive: true }));

function candidateOf(scores: Score[], seed = 2): Candidate {
  const files = writeStudent(run, seed);
  return { files, manifest: describeStudent(files, { ...description, scores }) };
}

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

test("promoteIfBetter() counts each data set once, however many languages it has, and no suite beside them", () => {
  const many = (student: number) =>
    ["de", "fr", "it", "es"].map((language) => scoreOf(student, { dataSet: "many", language }));
  const suite = (student: number) => scoreOf(student, { task: "filter", dataSet: "hatecheck_en" });
  const plain = (student: number) => scoreOf(student, { task: "filter", dataSet: "plain" });
  const first = [scoreOf(0.5), ...many(0.6), suite(0.9), plain(0.5)];
  const second = [scoreOf(0.6), ...many(0.55), suite(0.1), plain(0.51)];
  const result = compete(first, second);
  expect(result.live.version).toBe(result.second.version);
});

test("promoteIfBetter() does not compare scores of different rows", () => {
  const { lines, live, second } = compete([scoreOf(0.6)], [scoreOf(0.9, { rows: 50 })]);
  expect(live.version).not.toBe(second.version);
  expect(lines[1]).toContain("shares no validation set");
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
  const live = () => readManifest(join(models, "budget-1ms", "manifest.json")).version;
  expect(live()).toBe(manifest.version);
  promoteIfBetter(config, candidateOf([scoreOf(0.7)], 1), log);
  expect(live()).toBe(manifest.version);
  expect(lines[2]).toContain("has learned from corrections, and this one has not (--feedback FOLDER)");
  const furtherFiles = writeStudent(run, 3);
  const further = describeStudent(furtherFiles, { ...description, dataSets, scores: [scoreOf(0.61)] });
  promoteIfBetter(config, { files: furtherFiles, manifest: further }, log);
  expect(live()).toBe(further.version);
});
