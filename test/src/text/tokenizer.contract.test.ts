import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { must } from "../../../src/invariant.ts";
import type { Tokenizer } from "../../../src/text/tokenizer.ts";
import { tokenizerJson, wordPieceJson } from "../../../src/text/tokenizer-json.ts";
import { createUnigram } from "../../../src/text/unigram.ts";
import { createWordPiece } from "../../../src/text/word-piece.ts";
import { hostileText, megabytes, repeatedTraps } from "../../fixtures/hostile-text.ts";
import { tinyTokenizerJson } from "../../fixtures/tiny-tokenizer.ts";

function tinyWordPiece(): Tokenizer {
  const { tokenizer, variants } = JSON.parse(
    readFileSync(new URL("../../oracle/word-piece/answers.json", import.meta.url), "utf8"),
  );
  const { normalizer, post_processor } = must(variants.uncased);
  return createWordPiece(wordPieceJson.parse({ ...tokenizer, normalizer, post_processor }));
}

const tokenizers: readonly [string, Tokenizer][] = [
  ["unigram", createUnigram(tokenizerJson.parse(tinyTokenizerJson()))],
  ["word piece", tinyWordPiece()],
];

describe.each(tokenizers)("%s", (_, tokenizer) => {
  const check = (text: string, maxTokens: number) => {
    const { ids, truncated } = tokenizer.encode(text, maxTokens);
    expect(ids.length).toBeLessThanOrEqual(maxTokens);
    expect(ids.every((id) => id >= 0 && id < tokenizer.vocabularySize)).toBe(true);
    return { ids, truncated };
  };

  test("encode() gives ids of the vocabulary for any string, the same each time, at most maxTokens of them", () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 2, max: 64 }), (text, maxTokens) => {
        expect(check(text, maxTokens)).toEqual(check(text, maxTokens));
      }),
      { numRuns: 200 },
    );
  });

  test("pieceOf() gives the text of the ids, a space before each word and in the place of special and unknown ones", () => {
    const { ids } = tokenizer.encode("the phone", 16);
    expect(Array.from(ids, tokenizer.pieceOf).join("")).toBe("  the phone ");
    for (const id of [tokenizer.unknownId, tokenizer.padId, tokenizer.vocabularySize])
      expect(tokenizer.pieceOf(id)).toBe(" ");
  });

  test("encode() gets through traps over and over, and through megabytes", () => {
    for (const text of [...repeatedTraps, ...megabytes]) check(text, 512);
  }, 60_000);
});
