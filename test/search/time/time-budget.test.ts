import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readFlags } from "../../../search/command/command.ts";
import { type Effort, type SearchConfig, searchCommand, toSearchConfig } from "../../../search/config.ts";
import { sampleArchitecture } from "../../../search/space/space.ts";
import { answeringSeconds, estimate, studentSeconds, trialSeconds } from "../../../search/time/estimate.ts";
import { openTimeBudget } from "../../../search/time/time-budget.ts";
import { fromArchitectureName } from "../../../src/contract/architecture.ts";
import { BadFileError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";
import { failedTrial, syntheticTrial } from "../synthetic-trials.ts";
import { prospects } from "./prospects.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-hours-"));
afterAll(() => rmSync(root, { recursive: true }));

const trial = syntheticTrial(sampleArchitecture(prospects.space, createRandom(1)));

function configOf(id: string, ...flags: readonly string[]): SearchConfig {
  return toSearchConfig(readFlags(searchCommand, ["--id", id, "--runs", root, "--budgets", "0.1,1", ...flags], {}));
}

/** A time budget for as many hours; what it says goes into `lines`. */
function open(id: string, hours: number, lines: string[] = []) {
  return openTimeBudget(configOf(id), hours, prospects, (line) => lines.push(line));
}

test("openTimeBudget() scales the effort so that the estimate fits", () => {
  const time = open("fits", 2);
  const { seconds } = estimate(time.config.effort, prospects);
  expect(seconds).toBeLessThanOrEqual(2 * 3600);
  expect(seconds).toBeGreaterThan(1.5 * 3600);
  time.close();
});

test("openTimeBudget() takes up what had been decided, whatever it would decide now", () => {
  const first = open("again", 2);
  first.learn([trial]);
  const fitted = first.completion("budget-1ms", [trial]);
  first.close();
  const lines: string[] = [];
  const second = open("again", 50, lines);
  expect(lines).toEqual(["time · again goes on as it was begun, with --hours 2; another --id begins anew"]);
  expect(second.config.effort).toEqual(first.config.effort);
  expect(second.completion("budget-1ms", [trial]).effort).toEqual(fitted.effort);
  second.close();
});

test("isOver() ends the trials when the time is spent, and at the same trial again after a kill", () => {
  const first = open("over", 2);
  expect(first.isOver(2)).toBe(false);
  first.close();
  const path = join(root, "over", "hours.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), spentSeconds: 7000 }));
  const lines: string[] = [];
  const second = open("over", 2, lines);
  expect([second.isOver(0), second.isOver(6)]).toEqual([false, true]);
  expect(lines).toContain("time · after 6 trials it is time for the students");
  second.close();
  const third = open("over", 2);
  expect([third.isOver(4), third.isOver(6)]).toEqual([false, true]);
  third.close();
});

test("completion() gives each student its share of the time that is left, less when trials took longer than planned", () => {
  const tokensOf = (id: string, slowness: number, left: number) => {
    const time = open(id, 2);
    const seconds = slowness * trialSeconds(time.config.effort, prospects, trial.architecture);
    time.learn([{ ...trial, seconds }]);
    const { effort } = time.completion("a", Array(left).fill(trial));
    time.close();
    return effort.distilTokens;
  };
  expect(tokensOf("one", 1, 1)).toBeGreaterThan(tokensOf("two", 1, 2));
  expect(tokensOf("slow", 4, 2)).toBeLessThan(tokensOf("quick", 1, 2));
});

test("completion() leaves the teachers their time to answer in the first student's, and the others what is then left", () => {
  const asked = { ...prospects, tuned: 3 };
  const config = configOf("asked", "--soft-targets", "--tuned-teacher", "a,b,c");
  const time = openTimeBudget(config, 2, asked, () => undefined);
  const left = new Array(4).fill(trial);
  const [first, second] = ["a", "b"].map((name) => time.completion(name, left).effort) as [Effort, Effort];
  time.close();
  const answering = answeringSeconds(first, asked);
  expect(answering).toBeGreaterThan(600);
  expect(answering + left.length * studentSeconds(first, asked, trial.architecture)).toBeLessThan(2 * 3600);
  expect(second.distilTokens).toBeGreaterThan(first.distilTokens);
});

test.each(["static-e256", "6x384-ffn1536-h12-gelu-e256"])(
  "learn() takes a machine that trains %s as fast as it should for no slower or faster than that",
  (name) => {
    const time = open(name, 2);
    const { architecture, ...rest } = syntheticTrial(must(fromArchitectureName(name, 1000)));
    const seconds = trialSeconds(time.config.effort, prospects, architecture);
    const other = failedTrial(must(fromArchitectureName("2x128-ffn128-h4-gelu-e128", 1000)));
    time.learn([{ ...rest, architecture, seconds }, other]);
    time.close();
    const { slowness } = JSON.parse(readFileSync(join(root, name, "hours.json"), "utf8")) as { slowness: number };
    expect(slowness).toBeCloseTo(1, 6);
  },
);

test("openTimeBudget() refuses a file that it did not write", () => {
  open("damaged", 2).close();
  writeFileSync(join(root, "damaged", "hours.json"), "{}");
  expect(() => open("damaged", 2)).toThrow(BadFileError);
});
