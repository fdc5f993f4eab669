import { expect, test } from "vitest";
import {
  lengthCategories,
  lengthIndex,
  Reference,
  scoreScale,
  toCounts,
  unknownCategories,
  unknownIndex,
} from "../../../src/contract/drift.ts";

const answer = (label: string, score: number, scores = {}) => ({ label, score, scores });

test("lengthIndex() puts a length into the bucket that kdnas_input_tokens puts it into", () => {
  const bucketOf = (tokens: number) => lengthCategories[lengthIndex(tokens)];
  expect([1, 4, 5, 512, 513].map(bucketOf)).toEqual(["4", "4", "8", "512", "+Inf"]);
});

test("unknownIndex() keeps texts without unknown pieces apart from those with few", () => {
  const categoryOf = (unknown: number) => unknownCategories[unknownIndex(unknown, 100)];
  expect([0, 1, 2, 3, 26, 100].map(categoryOf)).toEqual(["0", "0.02", "0.02", "0.05", "1", "1"]);
});

test("scoreScale() of two labels counts the last one's probability in tenths, whichever was given", () => {
  const { categories, indexOf } = scoreScale({ labels: ["acceptable", "toxic"] });
  const of = (toxic: number) => indexOf(answer("acceptable", 1 - toxic, { acceptable: 1 - toxic, toxic }));
  expect([0, 0.1, 0.11, 0.95, 1, 1 + 1e-9].map((p) => categories[of(p)])).toEqual(
    [0.1, 0.1, 0.2, 1, 1, 1].map((bound) => `toxic ${bound}`),
  );
});

test("scoreScale() of some labels counts which was given and how sure it was", () => {
  const { categories, indexOf } = scoreScale({ labels: ["negative", "neutral", "positive"] });
  expect(categories).toHaveLength(12);
  expect(categories[indexOf(answer("neutral", 0.45))]).toBe("neutral 0.5");
  expect(categories[indexOf(answer("positive", 1 + 1e-9))]).toBe("positive 1");
});

test("scoreScale() of very many labels only counts how sure the answer was", () => {
  const { categories, indexOf } = scoreScale({ labels: Array.from({ length: 100 }, (_, i) => `l${i}`) });
  expect(categories).toHaveLength(10);
  expect(categories[indexOf(answer("l7", 0.33))]).toBe("any 0.4");
});

test("toCounts() leaves out what does not occur", () => {
  expect(toCounts(["a", "b", "c"], [2, 0, 1])).toEqual({ a: 2, c: 1 });
});

test("a Reference has features of the contract only, with whole counts", () => {
  expect(Reference.safeParse({ length: { "4": 3 } }).success).toBe(true);
  expect(Reference.safeParse({ colour: { red: 3 } }).success).toBe(false);
  expect(Reference.safeParse({ length: { "4": 0.5 } }).success).toBe(false);
});
