import { expect, test } from "vitest";
import { meanOutcomes, outcomeBefore, outcomesOf } from "../../../bench/feedback/outcome.ts";
import type { Attempt } from "../../../search/learn/try-corrections.ts";

const subject = { task: "sentiment", language: "ko" };

function scores(there: number, elsewhere: number) {
  const of = (language: string, student: number) =>
    ({ task: "sentiment", dataSet: language, language, metric: "macroF1", rows: 9, student, teacher: null }) as const;
  return [of("ko", there), of("en", elsewhere), of("de", elsewhere)];
}

function attempt(share: number, elsewhere: number, refusal: string | null): Attempt {
  const judged = {
    share,
    rightBefore: 0.4,
    right: 0.6,
    likelihoodGain: 0.2,
    likelihoodError: 0.1,
    changes: [],
    refusal,
  };
  return { exported: { manifest: { scores: scores(0.5, elsewhere) } }, judged } as unknown as Attempt;
}

test("outcomesOf() ends with the first share that passes, or with the student as it was", () => {
  const before = outcomeBefore({ scores: scores(0.25, 0.75) }, 0.4, subject);
  expect(before).toMatchObject({ right: 40, there: 25, elsewhere: 75, change: 0 });
  const attempts = [attempt(1, 0.5, "forgets"), attempt(0.5, 0.625, null), attempt(0.25, 0.75, null)];
  const outcomes = outcomesOf("replay", attempts, before, subject);
  expect(outcomes.map(({ name }) => name)).toEqual([
    "replay, 100 %",
    "replay, 50 %",
    "replay, 25 %",
    "replay, as learned",
  ]);
  expect(outcomes.at(-1)).toMatchObject({ there: 50, elsewhere: 62.5, change: -12.5, verdict: "passed" });
  const refused = outcomesOf("naive", [attempt(1, 0.5, "forgets")], before, subject);
  expect(refused.at(-1)).toMatchObject({ there: 25, change: 0, verdict: "stays as it was" });
});

test("meanOutcomes() counts how many seeds passed", () => {
  const before = outcomeBefore({ scores: scores(0.25, 0.75) }, 0.4, subject);
  const of = (elsewhere: number, refusal: string | null) => [
    before,
    ...outcomesOf("replay", [attempt(1, elsewhere, refusal)], before, subject),
  ];
  const [first, tried, learned] = meanOutcomes([of(0.75, null), of(0.25, "forgets")]);
  expect(first).toEqual(before);
  expect(tried).toMatchObject({ elsewhere: 50, change: -25, verdict: "1 of 2 passed" });
  expect(learned).toMatchObject({ elsewhere: 75, there: 37.5, verdict: "1 of 2 passed" });
});
