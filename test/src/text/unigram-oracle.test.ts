import { expect, test } from "vitest";
import { readTokenizerJson } from "../../../src/text/read-tokenizer.ts";
import type { Tokenizer } from "../../../src/text/tokenizer.ts";
import { type TokenizerJson, tokenizerJson } from "../../../src/text/tokenizer-json.ts";
import { createUnigram } from "../../../src/text/unigram.ts";
import { type Answered, readOracle, sha256, TOKENIZER_PATH } from "./oracle.ts";

const oracle = readOracle();
const json = readTokenizerJson(TOKENIZER_PATH);

test("the oracle was made for the teacher's tokenizer.json (else run test/oracle/tokenizer/make.py)", () => {
  expect(oracle.tokenizer).toBe(sha256(TOKENIZER_PATH));
});

test("encode() gives the ids of PyPI tokenizers for 60 languages and for strings that try every rule", () => {
  expect(oracle.texts.length).toBeGreaterThan(2000);
  expect(differences(createUnigram(json), oracle.texts)).toEqual([]);
});

test.each(Object.keys(oracle.variants))("encode() gives the ids of PyPI tokenizers for the variant: %s", (name) => {
  expect(differences(createUnigram(variant(name)), oracle.variants[name] ?? [])).toEqual([]);
});

test("encode() keeps the reference's ids up to maxTokens, whatever that is", () => {
  const tokenizer = createUnigram(json);
  for (const [text, ...ids] of oracle.texts.slice(0, 1500)) {
    for (const maxTokens of [2, 3, 8, ids.length]) {
      const truncated = ids.length > maxTokens;
      const kept = truncated ? [...ids.slice(0, maxTokens - 1), ids.at(-1)] : ids;
      expect(tokenizer.encode(text, maxTokens), text).toEqual({ ids: Int32Array.from(kept as number[]), truncated });
    }
  }
});

test("encode() gives the same head for a long text whether it stops early or not", () => {
  const tokenizer = createUnigram(json);
  const written = oracle.texts.map(([text]) => text).join(" ");
  for (const text of [written, written.replace(/\s/g, ""), "a".repeat(30_000), "日本語の文章".repeat(5000)]) {
    const whole = tokenizer.encode(text, 10_000_000).ids;
    for (const maxTokens of [3, 128, 1000, 5000]) {
      const head = tokenizer.encode(text, maxTokens);
      expect(head.truncated).toBe(true);
      expect(head.ids.slice(0, -1)).toEqual(whole.slice(0, maxTokens - 1));
    }
  }
});

function differences(tokenizer: Tokenizer, answers: Answered) {
  return answers
    .map(([text, ...ids]) => ({ text, ids, ours: Array.from(tokenizer.encode(text, 100_000).ids) }))
    .filter(({ ids, ours }) => ids.join() !== ours.join());
}

/** As `variants` in make.py. */
function variant(name: string): TokenizerJson {
  const metaspace =
    json.pre_tokenizer.type === "Sequence" ? json.pre_tokenizer.pretokenizers[1] : expect.fail("no sequence");
  const charsmap = json.normalizer?.type === "Sequence" ? json.normalizer.normalizers[0] : json.normalizer;
  const stripped = json.added_tokens.map((token) => ({ ...token, rstrip: true }));
  const changes: Record<string, object> = {
    "metaspace only": { pre_tokenizer: metaspace },
    "metaspace only, spaces kept": { pre_tokenizer: metaspace, normalizer: charsmap },
    "no normaliser": { normalizer: null },
    "tokens stripped right": { pre_tokenizer: metaspace, added_tokens: stripped },
  };
  return tokenizerJson.parse({ ...json, ...changes[name] });
}
