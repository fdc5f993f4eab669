import { expect, test } from "vitest";
import { setChanges } from "../../../search/corrections/set-changes.ts";
import type { JudgedSet } from "../../../search/heads/score.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";
import { judgedBoth } from "./judged-rows.ts";

function changesOf(...sets: readonly { readonly before: JudgedSet; readonly after: JudgedSet }[]) {
  return setChanges(
    sets.map(({ before }) => before),
    sets.map(({ after }) => after),
  );
}

/** Standard error of one set's points. */
function errorOf(set: { readonly before: JudgedSet; readonly after: JudgedSet }): number {
  return must(changesOf(set)[0]).error;
}

test("setChanges() is in points, of each set's mean over its languages, the worst first", () => {
  const changes = changesOf(
    judgedBoth("a", { rows: 100, mended: 8 }, "accuracy", "de"),
    judgedBoth("a", { rows: 200, broken: 8 }, "accuracy", "en"),
    judgedBoth("b", { rows: 100, broken: 1 }),
  );
  expect(changes.map(({ dataSet, points }) => [dataSet, Math.round(points * 100) / 100])).toEqual([
    ["b", -1],
    ["a", 2],
  ]);
});

test("setChanges() gives the standard error that the counts of turned rows have", () => {
  const [rows, broken, mended] = [400, 30, 12];
  const variance = ((broken + mended) / rows - ((mended - broken) / rows) ** 2) / rows;
  const error = errorOf(judgedBoth("a", { rows, broken, mended }));
  expect(Math.abs(error / (100 * Math.sqrt(variance)) - 1)).toBeLessThan(0.15);
  // Of two languages the mean is known better than each.
  const both = changesOf(
    judgedBoth("a", { rows, broken, mended }, "accuracy", "de"),
    judgedBoth("a", { rows, broken, mended }, "accuracy", "en"),
  );
  expect(must(both[0]).error / error).toBeCloseTo(Math.SQRT1_2, 1);
});

/** Scores that two students give, each as far off as the other, but elsewhere. */
function scored(rows: number): { before: JudgedSet; after: JudgedSet } {
  const [truths, noise] = [createRandom(1), createRandom(2)];
  const truth = Array.from({ length: rows }, () => truths.normal());
  const of = (): JudgedSet => ({
    set: { task: "adequacy", dataSet: "pairs", language: "de-en", rows: [] },
    metric: "pearson",
    rows: truth.map((t) => ({
      row: { text: "", language: "de-en", label: "" },
      logits: new Float32Array(2),
      truth: t,
      predicted: t + noise.normal(),
    })),
  });
  return { before: of(), after: of() };
}

test("setChanges() knows a set with nine times the rows three times as well, by every metric", () => {
  const f1 = (rows: number) => errorOf(judgedBoth("a", { rows, broken: rows / 20, mended: rows / 20 }, "macroF1"));
  expect(Math.abs(f1(100) / f1(900) - 3)).toBeLessThan(0.9);
  const correlation = errorOf(scored(100)) / errorOf(scored(900));
  expect(Math.abs(correlation - 3)).toBeLessThan(0.9);
});

test("setChanges() of the same answers is no change, without an error", () => {
  expect(changesOf(judgedBoth("a", { rows: 50 }, "macroF1"))).toEqual([
    { task: "sentiment", dataSet: "a", points: 0, error: 0 },
  ]);
});

test("setChanges() refuses students that were judged on other rows", () => {
  const [{ before }, { after }] = [judgedBoth("a", { rows: 50 }), judgedBoth("a", { rows: 51 })];
  expect(() => setChanges([before], [after])).toThrow(/same rows/);
});
