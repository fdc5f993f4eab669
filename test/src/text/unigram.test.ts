import fc from "fast-check";
import { expect, test } from "vitest";
import { BadFileError } from "../../../src/errors.ts";
import { readTokenizerJson } from "../../../src/text/read-tokenizer.ts";
import { tokenizerJson } from "../../../src/text/tokenizer-json.ts";
import { createUnigram } from "../../../src/text/unigram.ts";
import { hostileText } from "../../fixtures/hostile-text.ts";
import { TOKENIZER_PATH } from "./oracle.ts";

const json = readTokenizerJson(TOKENIZER_PATH);
const tokenizer = createUnigram(json);
const [START, END] = [0, 2];

test("encode() never throws, keeps ids in range, is framed by <s> and </s> and no longer than maxTokens", () => {
  fc.assert(
    fc.property(hostileText, fc.integer({ min: 2, max: 40 }), (text, maxTokens) => {
      const { ids, truncated } = tokenizer.encode(text, maxTokens);
      expect(ids.length).toBeLessThanOrEqual(maxTokens);
      expect([ids[0], ids.at(-1)]).toEqual([START, END]);
      expect(ids.every((id) => id >= 0 && id < tokenizer.vocabularySize)).toBe(true);
      expect(truncated).toBe(tokenizer.encode(text, 1000).ids.length > maxTokens);
    }),
    { numRuns: 1000 },
  );
});

test("encode() reads a lone surrogate as U+FFFD", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const mended = new TextDecoder().decode(new TextEncoder().encode(`x${text}`));
      expect(tokenizer.encode(`x${text}`, 1000)).toEqual(tokenizer.encode(mended, 1000));
    }),
  );
});

test("encode() has no memory: a text's ids do not depend on the text before it", () => {
  const texts = ["Good morning", "  おはよう\u3000", "a".repeat(9000), "", "مرحبا", "<mask> x", "\ud83d"];
  const alone = texts.map((text) => createUnigram(json).encode(text, 512));
  expect([...texts, ...texts].map((text) => tokenizer.encode(text, 512))).toEqual([...alone, ...alone]);
});

test.each([
  ["words", "hello world "],
  ["one word", "a"],
  ["no spaces", "日本語文章"],
  ["spaces", " "],
  ["emoji", "👍🏽\u200d"],
  ["combining marks", "\u0301"],
  ["prepending marks", "\u0600"],
  ["special tokens", "<mask>"],
  ["lone surrogates", "\ud83d"],
])(
  "encode() takes 300,000 characters of %s in linear time",
  (_, unit) => {
    const text = unit.repeat(300_000 / unit.length);
    const started = performance.now();
    const head = tokenizer.encode(text, 128);
    const whole = tokenizer.encode(text, 10_000_000);
    // Generous for a busy machine; anything quadratic takes minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(head.ids.length).toBe(Math.min(128, whole.ids.length));
    expect(whole.truncated).toBe(false);
  },
  20_000,
);

test("encode() calls it a bug when maxTokens leaves no room for the special tokens", () => {
  expect(() => tokenizer.encode("a", 1)).toThrow(/This is a bug/);
});

test("createUnigram() tells the rows of the table, the padding and the unknown", () => {
  expect(tokenizer).toMatchObject({ vocabularySize: json.model.vocab.length, padId: 1, unknownId: 3 });
});

test.each([
  ["unk_id lies outside", { model: { ...json.model, unk_id: json.model.vocab.length } }],
  ["no token <pad>", { added_tokens: json.added_tokens.filter((token) => token.content !== "<pad>") }],
  ["is no special token", { post_processor: { ...json.post_processor, special_tokens: {} } }],
  ["must name the text once", { post_processor: { ...json.post_processor, single: [] } }],
  ["length of its trie", { normalizer: { type: "Precompiled", precompiled_charsmap: "AAAA" } }],
])("createUnigram() refuses a file that contradicts itself: %s", (message, change) => {
  const damaged = tokenizerJson.parse({ ...json, ...change });
  expect(() => createUnigram(damaged)).toThrow(BadFileError);
  expect(() => createUnigram(damaged)).toThrow(message);
});
