import { expect, test } from "vitest";
import { trustByScores } from "../../../search/heads/teacher-trust.ts";
import type { Score } from "../../../src/contract/manifest.ts";

function score(dataSet: string, language: string, student: number, teacher: number | null): Score {
  return { task: "sentiment", dataSet, language, metric: "macroF1", rows: 100, student, teacher };
}

test("a teacher is believed about the sets on which it is better, in the mean of their languages", () => {
  const trust = trustByScores([
    score("tweets", "en", 0.6, 0.7),
    score("tweets", "fr", 0.6, 0.58),
    score("reviews", "ko", 0.8, 0.79),
    score("posts", "th", 0.5, null),
  ]);
  const believed = ["tweets", "reviews", "posts", "others"].filter((set) => trust?.("sentiment", set));
  expect(believed).toEqual(["tweets"]);
  expect(trust?.("sentiment", null)).toBe(true);
  expect(trust?.("filter", null)).toBe(false);
});

test("a teacher that is worse over the sets of a task is not asked about unlabelled texts", () => {
  const trust = trustByScores([score("tweets", "en", 0.6, 0.61), score("reviews", "ko", 0.8, 0.7)]);
  expect(trust?.("sentiment", "tweets")).toBe(true);
  expect(trust?.("sentiment", null)).toBe(false);
});

test("without scores of a teacher there is nothing to go by", () => {
  expect(trustByScores([score("tweets", "en", 0.6, null)])).toBeNull();
});
