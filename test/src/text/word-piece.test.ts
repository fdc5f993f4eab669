import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BadFileError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { type WordPieceJson, wordPieceJson } from "../../../src/text/tokenizer-json.ts";
import { createWordPiece } from "../../../src/text/word-piece.ts";

interface Oracle {
  readonly tokenizer: object;
  readonly variants: Readonly<
    Record<string, { normalizer: object; post_processor: object; texts: [string, ...number[]][] }>
  >;
}

const path = new URL("../../oracle/word-piece/answers.json", import.meta.url);
const oracle = JSON.parse(readFileSync(path, "utf8")) as Oracle;

function definition(name: string, change: object = {}): WordPieceJson {
  const { normalizer, post_processor } = must(oracle.variants[name]);
  return wordPieceJson.parse({ ...oracle.tokenizer, normalizer, post_processor, ...change });
}

test.each(Object.keys(oracle.variants))("encode() gives the ids of PyPI tokenizers: %s", (name) => {
  const tokenizer = createWordPiece(definition(name));
  for (const [text, ...ids] of must(oracle.variants[name]).texts) {
    expect(tokenizer.encode(text, 1000), JSON.stringify(text)).toEqual({ ids: Int32Array.from(ids), truncated: false });
  }
});

test("encode() keeps the head of a text that is too long, and the special tokens", () => {
  const tokenizer = createWordPiece(definition("uncased"));
  const whole = tokenizer.encode("the quick brown fox", 100).ids;
  const { ids, truncated } = tokenizer.encode("the quick brown fox", whole.length - 1);
  expect(truncated).toBe(true);
  expect(Array.from(ids)).toEqual([...whole.slice(0, -2), whole.at(-1)]);
  expect(tokenizer.encode("the quick brown fox", whole.length).truncated).toBe(false);
  expect(Array.from(tokenizer.encode("x", 2).ids)).toEqual([2, 3]);
});

test("encode() never throws and stays within the vocabulary, whatever the string", () => {
  const tokenizer = createWordPiece(definition("uncased"));
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.integer({ min: 2, max: 12 }), (text, maxTokens) => {
      const { ids } = tokenizer.encode(`${text}\ud800`, maxTokens);
      expect(ids.length).toBeLessThanOrEqual(maxTokens);
      expect(ids.every((id) => id >= 0 && id < tokenizer.vocabularySize)).toBe(true);
    }),
    { seed: 1 },
  );
});

test("createWordPiece() knows its special ids", () => {
  const { padId, unknownId, vocabularySize } = createWordPiece(definition("cased"));
  expect({ padId, unknownId }).toEqual({ padId: 0, unknownId: 1 });
  expect(vocabularySize).toBe(Object.keys((oracle.tokenizer as WordPieceJson).model.vocab).length);
});

test("createWordPiece() refuses a vocabulary without its unknown token, and one without padding", () => {
  const json = definition("cased");
  expect(() => createWordPiece({ ...json, model: { ...json.model, unk_token: "[NONE]" } })).toThrow(BadFileError);
  const { "[PAD]": _, ...vocab } = json.model.vocab;
  expect(() => createWordPiece({ ...json, added_tokens: [], model: { ...json.model, vocab } })).toThrow("[PAD]");
});
