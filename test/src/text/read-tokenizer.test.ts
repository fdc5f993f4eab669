import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BadFileError } from "../../../src/errors.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";
import { tinyTokenizerJson } from "../../fixtures/tiny-tokenizer.ts";
import { TOKENIZER_PATH } from "./oracle.ts";

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tokenizer-"));
  path = join(folder, "tokenizer.json");
});
afterAll(() => rmSync(folder, { recursive: true }));

test("readTokenizer() opens the committed teacher's file and a tiny one", () => {
  expect(readTokenizer(TOKENIZER_PATH).encode("Hello world", 16).ids.length).toBe(4);
  writeFileSync(path, JSON.stringify(tinyTokenizerJson()));
  expect(readTokenizer(path).encode("the service", 16).ids.length).toBe(4);
});

test.each([
  ["is missing", null, /ENOENT/],
  ["is cut off", readFileSync(TOKENIZER_PATH).subarray(0, 5000), /JSON/],
  ["is no object", "[]", /expected object/],
  ["has a piece without a score", changed({ model: { type: "Unigram", unk_id: 0, vocab: [["a"]] } }), /piece, score/],
  ["has no pieces", changed({ model: { type: "Unigram", unk_id: 0, vocab: [] } }), /piece, score/],
  ["has another model", changed({ model: { type: "BPE", vocab: {} } }), /model is BPE; only Unigram and WordPiece/],
  ["is a broken WordPiece", changed({ model: { type: "WordPiece", vocab: {} } }), /normalizer/],
  ["has another normaliser", changed({ normalizer: { type: "Lowercase" } }), /normalizer/],
  ["has another pre-tokeniser", changed({ pre_tokenizer: { type: "ByteLevel" } }), /pre_tokenizer/],
  [
    "has byte fallback",
    changed({ model: { type: "Unigram", unk_id: 0, vocab: [["a", 0]], byte_fallback: true } }),
    /byte/,
  ],
  ["contradicts itself", changed({ added_tokens: [] }), /no token <pad>/],
])("readTokenizer() names the file and the fault when it %s", (_, content, message) => {
  rmSync(path, { force: true });
  if (content !== null) writeFileSync(path, content);
  expect(() => readTokenizer(path)).toThrow(BadFileError);
  expect(() => readTokenizer(path)).toThrow(message);
  expect(() => readTokenizer(path)).toThrow(path);
});

function changed(change: object): string {
  return JSON.stringify({ ...tinyTokenizerJson(), ...change });
}
