import fc from "fast-check";
import { expect, test } from "vitest";
import { countPieces, trimVocabulary } from "../../../search/teacher/vocabulary.ts";
import { BadFileError } from "../../../src/errors.ts";
import { readTokenizerJson } from "../../../src/text/read-tokenizer.ts";
import type { Tokenizer } from "../../../src/text/tokenizer.ts";
import { type TokenizerJson, tokenizerJson } from "../../../src/text/tokenizer-json.ts";
import { createUnigram, readUnigram } from "../../../src/text/unigram.ts";
import { tinyTokenizerJson } from "../../fixtures/tiny-tokenizer.ts";
import { readOracle, TOKENIZER_PATH } from "../../src/text/oracle.ts";

const tiny = tokenizerJson.parse(tinyTokenizerJson());
const english = ["the phone is very good", "that movie was great", "the the the good good"];
const german = ["das ist sehr gut", "Ähre und Öl"];
const texts = [
  ...english.map((text) => ({ language: "en", text })),
  ...german.map((text) => ({ language: "de", text })),
];

test("countPieces() counts by language what the tokeniser gives", () => {
  const counts = countPieces(createUnigram(tiny), texts);
  expect([...counts.keys()]).toEqual(["en", "de"]);
  expect(counts.get("en")?.[idOf(tiny, "▁the")]).toBe(4);
  expect(counts.get("de")?.[idOf(tiny, "▁the")]).toBe(0);
  expect(counts.get("de")?.[idOf(tiny, "<s>")]).toBe(german.length);
});

test("trimVocabulary() keeps specials, single characters, order, scores and the most used of the rest", () => {
  const { keptIds, tokenizerJson: trimmed } = trimTiny(tiny.model.vocab.length - 100);
  expect(trimmed.model.vocab.length).toBe(tiny.model.vocab.length - 100);
  expect(trimmed.model.vocab).toEqual(Array.from(keptIds, (id) => tiny.model.vocab[id]));
  expect([...keptIds].sort((a, b) => a - b)).toEqual([...keptIds]);
  const pieces = new Set(trimmed.model.vocab.map(([piece]) => piece));
  const single = tiny.model.vocab.map(([piece]) => piece).filter((piece) => [...piece].length === 1);
  expect([...single, "<s>", "<pad>", "</s>", "<unk>", "▁the", "▁good"].filter((piece) => !pieces.has(piece))).toEqual(
    [],
  );
  expect(pieces.has("▁Z")).toBe(false);
});

test("trimVocabulary() writes scores in as few decimals as name their float32, and readers take them for it", () => {
  const scores = [-13.20786190032959, Math.fround(-0.1), -4];
  const vocab = tiny.model.vocab.map(([piece], id): [string, number] => [piece, must(scores[id % scores.length])]);
  const json = { ...tiny, model: { ...tiny.model, vocab } };
  const { tokenizerJson: trimmed } = trimVocabulary(json, new Map(), vocab.length);
  expect(trimmed.model.vocab.slice(0, 3).map(([, score]) => score)).toEqual([-13.207862, -0.1, -4]);
  expect(readUnigram(trimmed).vocabulary.scores).toEqual(readUnigram(json).vocabulary.scores);
});

test("trimVocabulary() segments a dropped piece anew, and never makes a new unknown of it", () => {
  const full = createUnigram(tiny);
  const trimmed = createUnigram(trimTiny(0).tokenizerJson);
  expect(trimmed.vocabularySize).toBeLessThan(full.vocabularySize - 100);
  expect(trimmed.encode("battery", 64).ids.length).toBe(2 + "▁battery".length);
  const text = fc.string({ unit: fc.constantFrom(..."theaodgbx ZÄ日😀.", "battery", "movie"), maxLength: 30 });
  fc.assert(fc.property(text, (text) => unknowns(trimmed, text) === unknowns(full, text)));
});

test("trimVocabulary() keeps a piece whose characters are no pieces themselves", () => {
  const vocab: [string, number][] = [...tiny.model.vocab, ["日本", -20]];
  const json = tokenizerJson.parse({ ...tiny, model: { ...tiny.model, vocab } });
  const trimmed = trimVocabulary(json, new Map(), 0).tokenizerJson;
  expect(trimmed.model.vocab.at(-1)).toEqual(["日本", -20]);
});

test("trimVocabulary() numbers specials anew wherever the file names them", () => {
  const swapped = tokenizerJson.parse({
    ...tiny,
    added_tokens: [...tiny.added_tokens, { ...tiny.added_tokens[0], content: "<mask>", id: tiny.model.vocab.length }],
    model: { ...tiny.model, vocab: [...tiny.model.vocab, ["<mask>", 0]] },
  });
  const { tokenizerJson: trimmed } = trimVocabulary(swapped, new Map(), 0);
  const mask = trimmed.added_tokens.at(-1);
  expect(mask?.id).toBe(trimmed.model.vocab.length - 1);
  expect(trimmed.model.vocab.at(-1)?.[0]).toBe("<mask>");
  expect(Array.from(createUnigram(trimmed).encode("<mask>", 8).ids)).toEqual([0, mask?.id, 2]);
});

test("trimVocabulary() leaves all as it is when the vocabulary is small enough", () => {
  const { keptIds, tokenizerJson: trimmed } = trimTiny(100_000);
  expect(keptIds.length).toBe(tiny.model.vocab.length);
  expect(trimmed).toEqual(tiny);
});

test("trimVocabulary() counts a small language more than its share", () => {
  const many = Array.from({ length: 500 }, () => ({ language: "en", text: "that that movie movie movie" }));
  const few = [{ language: "de", text: "love" }];
  const counts = countPieces(createUnigram(tiny), [...many, ...few]);
  const droppable = tiny.model.vocab.filter(([piece]) => !piece.startsWith("<") && [...piece].length > 1).length;
  const { tokenizerJson: trimmed } = trimVocabulary(tiny, counts, tiny.model.vocab.length - droppable + 3);
  const pieces = trimmed.model.vocab.map(([piece]) => piece);
  expect(pieces).toEqual(expect.arrayContaining(["▁movie", "▁that", "▁love"]));
});

test("trimVocabulary() refuses a file whose added tokens lie outside of the vocabulary", () => {
  const json = { ...tiny, added_tokens: [{ ...must(tiny.added_tokens[0]), id: tiny.model.vocab.length }] };
  expect(() => trimVocabulary(json, new Map(), 10)).toThrow(BadFileError);
});

test("trimVocabulary() keeps a real vocabulary free of new unknowns in 60 languages", () => {
  const json = head(readTokenizerJson(TOKENIZER_PATH), 10_000);
  const full = createUnigram(json);
  const samples = readOracle().texts.map(([text], row) => ({ language: `${row % 60}`, text }));
  const { tokenizerJson: trimmed } = trimVocabulary(json, countPieces(full, samples), 0);
  const small = createUnigram(trimmed);
  const lengthOf = (tokenizer: Tokenizer, text: string) => tokenizer.encode(text, 1000).ids.length;
  const differ = samples.filter(({ text }) => unknowns(small, text) !== unknowns(full, text));
  const shrunk = samples.filter(({ text }) => lengthOf(small, text) < lengthOf(full, text));
  expect([differ, shrunk]).toEqual([[], []]);
});

function trimTiny(size: number) {
  return trimVocabulary(tiny, countPieces(createUnigram(tiny), texts), size);
}

/** The same tokeniser with its first pieces, all single characters and its last, which is <mask>. */
function head(json: TokenizerJson, count: number): TokenizerJson {
  const last = json.model.vocab.length - 1;
  const vocab = json.model.vocab.filter(([piece], id) => id < count || id === last || [...piece].length === 1);
  const added_tokens = json.added_tokens.map((token) =>
    token.id === last ? { ...token, id: vocab.length - 1 } : token,
  );
  return { ...json, added_tokens, model: { ...json.model, vocab } };
}

function unknowns(tokenizer: Tokenizer, text: string): number {
  return tokenizer.encode(text, 1000).ids.filter((id) => id === tokenizer.unknownId).length;
}

function idOf(json: TokenizerJson, piece: string): number {
  return json.model.vocab.findIndex(([p]) => p === piece);
}

function must<T>(value: T | undefined): T {
  return value ?? expect.fail("missing");
}
