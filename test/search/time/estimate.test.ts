import { expect, test } from "vitest";
import { presets } from "../../../search/config.ts";
import { estimate, partSeconds, studentSeconds, trialSeconds } from "../../../search/time/estimate.ts";
import { type Architecture, fromArchitectureName } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { prospects as roundProspects } from "./prospects.ts";

const prospects = { ...roundProspects, budgetsMs: [0.000001, 3] };
const { full, quick } = presets;

test("estimate() is the sum of its stages, each what its tokens take", () => {
  const { stages, seconds } = estimate(full, prospects);
  expect(seconds).toBeCloseTo(
    stages.reduce((sum, stage) => sum + stage.seconds, 0),
    6,
  );
  expect(stages.find(({ name }) => name === "fine-tune teachers")?.seconds).toBeCloseTo(
    prospects.taught * full.teacherTokens * 3e-3,
    6,
  );
  const parts = (["prepare", "explore", "complete"] as const).map((part) => partSeconds({ stages, seconds }, part));
  expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(seconds, 6);
});

test("estimate() leaves out what a preset does not do", () => {
  const names = estimate(quick, prospects).stages.map(({ name }) => name);
  expect(names).not.toContain("fine-tune teachers");
  expect(names).not.toContain("teachers' answers");
});

test("estimate() takes the fastest student for a budget that none should meet, not a large one", () => {
  const { stages } = estimate(full, { ...prospects, ngrams: false });
  const secondsOf = (name: string) => stages.find((stage) => stage.name === name)?.seconds ?? Number.NaN;
  expect(secondsOf("student of 0.000001 ms")).toBeLessThan(secondsOf("student of 3 ms"));
});

test("estimate() counts n-grams only where a task reads some", () => {
  const secondsOf = (ngrams: boolean) => estimate(full, { ...prospects, ngrams }).seconds;
  expect(secondsOf(true)).toBeGreaterThan(secondsOf(false));
  expect(secondsOf(false)).toBe(estimate({ ...full, ngramTokens: 0 }, prospects).seconds);
});

test("estimate() counts vectors of tokens only where a student without layers may be tried", () => {
  const names = (statics: boolean) => estimate(full, { ...prospects, statics }).stages.map(({ name }) => name);
  expect(names(true)).toContain("vectors of tokens");
  expect(names(false)).not.toContain("vectors of tokens");
});

test("estimate() of given architectures counts a trial and a student of each, once, whatever the effort says of trials", () => {
  const [small, large] = ["static-e64", "6x384-ffn1536-h12-gelu-e256"].map((name) =>
    must(fromArchitectureName(name, 1000)),
  ) as [Architecture, Architecture];
  const { stages } = estimate(full, { ...prospects, budgetsMs: [1, 2, 3], given: [small, small, large] });
  const secondsOf = (name: string) => stages.find((stage) => stage.name === name)?.seconds;
  const tried = trialSeconds(full, prospects, small) + trialSeconds(full, prospects, large);
  expect(secondsOf("2 trials")).toBeCloseTo(tried, 6);
  expect(secondsOf("student of 1 ms")).toBe(studentSeconds(full, prospects, small));
  expect(secondsOf("student of 2 ms")).toBeUndefined();
  expect(secondsOf("student of 3 ms")).toBe(studentSeconds(full, prospects, large));
});

test("estimate() asks teachers that were fine-tuned before, and fine-tunes no others", () => {
  const { stages } = estimate(full, { ...prospects, tuned: 1 });
  expect(stages.map(({ name }) => name)).not.toContain("fine-tune teachers");
  expect(stages.find(({ name }) => name === "teachers' answers")?.seconds).toBeCloseTo(full.softTokens * 1e-3, 6);
});
