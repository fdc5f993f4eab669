/**
 * XLM-R's tokeniser: added tokens, charsmap normaliser, marked words, unigram segmentation, template. Its ids are those of
 * PyPI `tokenizers` (test/oracle/tokenizer). Truncation keeps the head, as there.
 */
import { BadFileError } from "../errors.ts";
import { invariant } from "../invariant.ts";
import { type FindAddedToken, findAddedTokens } from "./added-tokens.ts";
import { type Charsmap, EMPTY_CHARSMAP, readCharsmap } from "./charsmap.ts";
import { type IdSink, Lattice, reserve } from "./lattice.ts";
import { MARK, Normaliser, type SpaceRules } from "./normaliser.ts";
import { piecesOf } from "./piece-trie.ts";
import { idsAround, templateParts } from "./template.ts";
import type { Encoding, Tokenizer } from "./tokenizer.ts";
import type { AddedToken, TokenizerJson } from "./tokenizer-json.ts";
import { toVocabulary, type Vocabulary } from "./vocabulary.ts";

const mark = String.fromCharCode(MARK);

/** Code units that are normalised before it is looked whether enough ids are there. */
const UNITS_AT_ONCE = 2048;

/** All that the tokeniser is made of, as plain data over shared memory: a thread that is sent it copies next to nothing. */
export interface UnigramParts {
  readonly kind: "Unigram";
  readonly vocabulary: Vocabulary;
  readonly vocabularySize: number;
  readonly padId: number;
  readonly addedTokens: readonly AddedToken[];
  readonly charsmap: Charsmap;
  readonly spaces: SpaceRules;
  /** Ids around a text. */
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
}

/** Throws BadFileError when parts of `json` contradict each other. */
export function readUnigram(json: TokenizerJson): UnigramParts {
  const { vocab, unk_id: unknownId } = json.model;
  if (unknownId >= vocab.length) throw new BadFileError("unk_id lies outside of the vocabulary");
  return {
    kind: "Unigram",
    vocabulary: toVocabulary({ pieces: vocab.map(([piece]) => piece), scores: vocab.map(([, s]) => s), unknownId }),
    vocabularySize: Math.max(vocab.length, ...json.added_tokens.map((token) => token.id + 1)),
    padId: idOf(json, "<pad>"),
    addedTokens: json.added_tokens,
    charsmap: charsmapOf(json),
    spaces: {
      splitsOnWhiteSpace: json.pre_tokenizer.type === "Sequence",
      collapses: json.normalizer?.type === "Sequence" && json.normalizer.normalizers.length === 2,
    },
    ...idsAround(templateParts(json.post_processor)),
  };
}

/** Builds the tokeniser; throws BadFileError when parts of `json` contradict each other. Not re-entrant, as it is synchronous. */
export function createUnigram(json: TokenizerJson): Tokenizer {
  return unigramFrom(readUnigram(json));
}

export function unigramFrom(parts: UnigramParts): Tokenizer {
  const encoder = new Encoder(parts);
  return {
    vocabularySize: parts.vocabularySize,
    padId: parts.padId,
    unknownId: parts.vocabulary.unknownId,
    encode: (text, maxTokens) => encoder.encode(text, maxTokens),
    pieceOf: pieceReader(parts),
  };
}

function pieceReader({ vocabulary, addedTokens }: UnigramParts): Tokenizer["pieceOf"] {
  const wordless = new Set([vocabulary.unknownId, ...addedTokens.flatMap(({ special, id }) => (special ? [id] : []))]);
  let read: ReturnType<typeof piecesOf> | undefined;
  return (id) => {
    if (wordless.has(id)) return " ";
    read ??= piecesOf(vocabulary.trie);
    return read(id)?.replaceAll(mark, " ") ?? " ";
  };
}

class Encoder {
  readonly #findAdded: FindAddedToken;
  readonly #normaliser: Normaliser;
  readonly #lattice: Lattice;
  readonly #prefix: readonly number[];
  readonly #suffix: readonly number[];
  readonly #sink: IdSink = { ids: new Int32Array(1024), length: 0, limit: 0 };

  constructor(parts: UnigramParts) {
    this.#findAdded = findAddedTokens(parts.addedTokens);
    this.#normaliser = new Normaliser(parts.charsmap, parts.spaces);
    this.#lattice = new Lattice(parts.vocabulary);
    this.#prefix = parts.prefix;
    this.#suffix = parts.suffix;
  }

  encode(text: string, maxTokens: number): Encoding {
    const room = maxTokens - this.#prefix.length - this.#suffix.length;
    invariant(room >= 0, `maxTokens leaves no room for the special tokens: ${maxTokens}`);
    const sink = this.#sink;
    sink.length = 0;
    sink.limit = room + 1;
    this.#fill(text);
    const kept = Math.min(sink.length, room);
    const ids = new Int32Array(this.#prefix.length + kept + this.#suffix.length);
    ids.set(this.#prefix);
    ids.set(sink.ids.subarray(0, kept), this.#prefix.length);
    ids.set(this.#suffix, this.#prefix.length + kept);
    return { ids, truncated: sink.length > room };
  }

  #fill(text: string): void {
    const sink = this.#sink;
    for (let from = 0; from < text.length && sink.length < sink.limit; ) {
      const added = this.#findAdded(text, from);
      this.#fillSection(text, from, added ? added.start : text.length);
      if (added === null) return;
      reserve(sink, 1);
      sink.ids[sink.length++] = added.id;
      from = added.end;
    }
  }

  /** A part of the text without added tokens. */
  #fillSection(text: string, start: number, end: number): void {
    const sink = this.#sink;
    this.#normaliser.restart();
    for (let at = start; at < end && sink.length < sink.limit; ) {
      at = this.#normaliser.read(text, at, end, UNITS_AT_ONCE);
      this.#segmentWords();
    }
  }

  #segmentWords(): void {
    const { units, length } = this.#normaliser;
    const sink = this.#sink;
    for (let start = 0; start < length && sink.length < sink.limit; ) {
      let end = start + 1;
      while (end < length && units[end] !== MARK) end++;
      this.#lattice.segment(units, start, end, sink);
      start = end;
    }
  }
}

function charsmapOf(json: TokenizerJson): Charsmap {
  const { normalizer } = json;
  if (normalizer === null) return EMPTY_CHARSMAP;
  const precompiled = normalizer.type === "Sequence" ? normalizer.normalizers[0] : normalizer;
  return readCharsmap(precompiled.precompiled_charsmap);
}

function idOf(json: TokenizerJson, content: string): number {
  const id = json.added_tokens.find((token) => token.content === content)?.id;
  if (id === undefined) throw new BadFileError(`no token ${content}`);
  return id;
}
