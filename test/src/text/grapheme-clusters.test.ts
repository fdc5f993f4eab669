import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod";
import { clusterEnd, codePointAt } from "../../../src/text/grapheme-clusters.ts";

const ranges = z.array(z.tuple([z.number(), z.number()]));
const reference = z
  .object({ joiners: ranges, prepends: ranges })
  .parse(JSON.parse(readFileSync("test/oracle/tokenizer/clusters.json", "utf8")));

test("clusterEnd() joins exactly the characters that join in PyPI tokenizers", () => {
  expect(runs((character) => lengthOf(`e${character}`) > 1)).toEqual(reference.joiners);
  expect(runs((character) => lengthOf(`${character}e`) > character.length)).toEqual(reference.prepends);
});

test.each([
  ["a letter alone", "ab", 1],
  ["a carriage return and its line feed", "\r\nx", 2],
  ["no mark after a control character", "\u200b\u0301", 1],
  ["no mark after an unassigned ignorable", "\u2065\u0301", 1],
  ["emoji joined by U+200D", "👩🏽\u200d❤\ufe0f\u200d👩x", 10],
  ["a letter, U+200D and no emoji after it", "a\u200d❤", 2],
  ["a mark before a letter with a mark", "\u0600e\u0301x", 3],
  ["a lone surrogate and a mark", "\ud83d\u0301x", 2],
])("clusterEnd() takes %s", (_, text, length) => {
  expect(lengthOf(text)).toBe(length);
});

test("clusterEnd() stops at the end it is given", () => {
  expect(clusterEnd("xe\u0301\u0301", 1, 3)).toBe(3);
});

test("codePointAt() reads a lone surrogate as U+FFFD", () => {
  expect(["\ud83d", "\udc00a", "😀", "a"].map((text) => codePointAt(text, 0))).toEqual([0xfffd, 0xfffd, 0x1f600, 0x61]);
});

function lengthOf(text: string): number {
  return clusterEnd(text, 0, text.length);
}

/** First and last of each run of characters that pass, surrogates left out. */
function runs(passes: (character: string) => boolean): [number, number][] {
  const found: [number, number][] = [];
  for (let codePoint = 0; codePoint < 0x110000; codePoint++) {
    if ((codePoint >= 0xd800 && codePoint < 0xe000) || !passes(String.fromCodePoint(codePoint))) continue;
    const last = found.at(-1);
    if (last?.[1] === codePoint - 1) last[1] = codePoint;
    else found.push([codePoint, codePoint]);
  }
  return found;
}
