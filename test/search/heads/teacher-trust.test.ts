import { expect, test } from "vitest";
import { fullTrust, trustByScores, trustHash } from "../../../search/heads/teacher-trust.ts";
import type { EncodedExample } from "../../../search/student/encoded-task.ts";
import type { Score } from "../../../src/contract/manifest.ts";
import { must } from "../../../src/invariant.ts";
import { taskNamed } from "../../../src/tasks/index.ts";

function score(dataSet: string, language: string, student: number, teacher: number | null): Score {
  return { task: "sentiment", dataSet, language, metric: "macroF1", rows: 100, student, teacher };
}

test("a teacher is believed about the sets on which it is better, in the mean of their languages", () => {
  const trust = trustByScores([
    score("tweets", "en", 0.6, 0.7),
    score("tweets", "fr", 0.6, 0.58),
    score("reviews", "ko", 0.8, 0.77),
    score("posts", "th", 0.5, null),
  ]);
  const believed = ["tweets", "reviews", "posts", "others"].filter((set) => must(trust)("sentiment", set) > 0);
  expect(believed).toEqual(["tweets"]);
  expect(trust?.("sentiment", null)).toBe(0.75);
  expect(trust?.("filter", null)).toBe(0);
});

test("a teacher that is about as good is believed less than a better one", () => {
  const trust = trustByScores([score("tweets", "en", 0.6, 0.7), score("reviews", "ko", 0.8, 0.79)]);
  expect(["tweets", "reviews"].map((set) => trust?.("sentiment", set))).toEqual([0.75, 0.5]);
});

test("a teacher that is worse over the sets of a task is not asked about unlabelled texts", () => {
  const trust = trustByScores([score("tweets", "en", 0.6, 0.61), score("reviews", "ko", 0.8, 0.7)]);
  expect(trust?.("sentiment", "tweets")).toBe(0.75);
  expect(trust?.("sentiment", null)).toBe(0);
});

test("of several who are asked about unlabelled texts, a teacher is believed as soon as it is better on one set", () => {
  const scores = [score("tweets", "en", 0.6, 0.61), score("reviews", "ko", 0.8, 0.7)];
  expect(trustByScores(scores, (task) => task === "sentiment")?.("sentiment", null)).toBe(0.75);
  expect(trustByScores(scores, (task) => task === "filter")?.("sentiment", null)).toBe(0);
  expect(trustByScores(scores.slice(1), (task) => task === "sentiment")?.("sentiment", null)).toBe(0);
});

test("a set without validation rows is known as well as the suite that it is judged by", () => {
  const suite = (teacher: number) => trustByScores([score("kdnas_sentiment_suite", "en", 0.8, teacher)]);
  expect(suite(0.85)?.("sentiment", "kdnas_sentiment_comments")).toBe(0.75);
  expect(suite(0.75)?.("sentiment", "kdnas_sentiment_comments")).toBe(0);
});

test("a lead on suites does not make a teacher believed about unlabelled texts", () => {
  const scores = [score("kdnas_sentiment_suite", "en", 0.6, 0.9), score("reviews", "ko", 0.8, 0.79)];
  expect(trustByScores(scores)?.("sentiment", null)).toBe(0);
  expect(trustByScores(scores, () => true)?.("sentiment", null)).toBe(0);
});

test("without scores of a teacher there is nothing to go by", () => {
  expect(trustByScores([score("tweets", "en", 0.6, null)])).toBeNull();
});

test("trustHash() tells how far a teacher is believed about what, not by how much it is better", () => {
  const text = { ids: Int32Array.of(0, 5, 2), pairIds: null, surface: null };
  const labelled = { ...text, target: Float32Array.of(1, 0, 0), weight: 1 };
  const example = (dataSet: string): EncodedExample => ({ ...labelled, dataSet });
  const tasks = [{ task: taskNamed("sentiment"), examples: ["tweets", "reviews", "tweets"].map(example) }];
  const hashOf = (...scores: Score[]) => trustHash(must(trustByScores(scores)), tasks);
  const better = hashOf(score("tweets", "en", 0.6, 0.7));
  expect(better).toMatch(/^[0-9a-f]{8}$/);
  expect(hashOf(score("tweets", "en", 0.5, 0.55), score("reviews", "en", 0.6, 0.57))).toBe(better);
  const worse = hashOf(score("tweets", "en", 0.6, 0.5));
  const both = hashOf(score("tweets", "en", 0.6, 0.7), score("reviews", "en", 0.6, 0.7));
  expect(new Set([better, worse, both]).size).toBe(3);
  expect(trustHash((_, dataSet) => Number(dataSet !== null) * 0.75, tasks)).not.toBe(both);
  expect(trustHash(fullTrust, tasks)).toBe(both);
});
