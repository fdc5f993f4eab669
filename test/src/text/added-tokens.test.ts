import { expect, test } from "vitest";
import { findAddedTokens } from "../../../src/text/added-tokens.ts";

const plain = { single_word: false as const, lstrip: false, rstrip: false, normalized: false, special: true };

test("findAddedTokens() finds the leftmost, and of those that start together the longest", () => {
  const find = findAddedTokens([
    { ...plain, id: 1, content: "<a>" },
    { ...plain, id: 2, content: "<a>+" },
  ]);
  expect(find("x<a><a>+", 0)).toEqual({ id: 1, start: 1, end: 4 });
  expect(find("x<a><a>+", 4)).toEqual({ id: 2, start: 4, end: 8 });
  expect(find("x<a><a>+", 5)).toBeNull();
});

test("findAddedTokens() takes in white space where the token strips it, but none before `from`", () => {
  const find = findAddedTokens([{ ...plain, id: 1, content: "[M]", lstrip: true, rstrip: true }]);
  expect(find("a \u3000[M]\n b", 0)).toEqual({ id: 1, start: 1, end: 8 });
  expect(find("a \u3000[M]", 2)).toEqual({ id: 1, start: 2, end: 6 });
});

test("findAddedTokens() finds nothing where there are no tokens", () => {
  expect(findAddedTokens([])("<s>", 0)).toBeNull();
});
