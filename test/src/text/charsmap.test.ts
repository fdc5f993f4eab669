import { expect, test } from "vitest";
import { BadFileError } from "../../../src/errors.ts";
import { EMPTY_CHARSMAP, readCharsmap, shortestPrefix } from "../../../src/text/charsmap.ts";
import { readTokenizerJson } from "../../../src/text/read-tokenizer.ts";
import { TOKENIZER_PATH } from "./oracle.ts";

const { normalizer } = readTokenizerJson(TOKENIZER_PATH);
const precompiled = normalizer?.type === "Sequence" ? normalizer.normalizers[0] : normalizer;
const base64 = precompiled?.precompiled_charsmap ?? expect.fail("no charsmap");

test("readCharsmap() tells what replaces a character, and leaves out those that stay", () => {
  const { singles } = readCharsmap(base64);
  const replaced = ["①", "ﬁ", "\n", "\u0001", "Ａ", "𝐀", "ﷺ"].map((c) => singles.get(c.codePointAt(0) ?? 0));
  expect(replaced).toEqual(["1", "fi", " ", "", "A", "A", "صلى الله عليه وسلم"]);
  expect(["a", "é", "日", "😀", "\0"].some((c) => singles.has(c.codePointAt(0) ?? 0))).toBe(false);
});

test("shortestPrefix() takes the shortest mapped prefix and drops the rest", () => {
  const charsmap = readCharsmap(base64);
  expect(
    ["e\u0301", "e\u0301\u0323", "①\u0301", "x\u0301", "e", "\0", ""].map((c) => shortestPrefix(charsmap, c)),
  ).toEqual(["é", "é", "1", null, null, null, null]);
});

test("EMPTY_CHARSMAP replaces nothing", () => {
  expect([EMPTY_CHARSMAP.singles.size, shortestPrefix(EMPTY_CHARSMAP, "①")]).toEqual([0, null]);
});

test.each([
  ["nothing", ""],
  ["a trie cut short", base64.slice(0, 2000)],
  ["a trie that is no list of words", "BQAAAAAAAAAAAAAA"],
  ["replacements cut short", cutBy(16)],
])("readCharsmap() refuses %s", (_, damaged) => {
  expect(() => readCharsmap(damaged)).toThrow(BadFileError);
});

function cutBy(bytes: number): string {
  return Buffer.from(base64, "base64").subarray(0, -bytes).toString("base64");
}
