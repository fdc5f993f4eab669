/**
 * BERT's tokeniser: added tokens, clean-up, words and punctuation, greedy longest pieces (Wu et al. 2016), template. Its ids are
 * those of PyPI `tokenizers` (test/oracle/word-piece). Truncation keeps the head, as there.
 */
import { BadFileError } from "../errors.ts";
import { invariant } from "../invariant.ts";
import { type FindAddedToken, findAddedTokens } from "./added-tokens.ts";
import { idsAround, templateParts } from "./template.ts";
import type { Encoding, Tokenizer } from "./tokenizer.ts";
import type { WordPieceJson } from "./tokenizer-json.ts";

/** Builds the tokeniser; throws BadFileError when parts of `json` contradict each other. */
export function createWordPiece(json: WordPieceJson): Tokenizer {
  const vocabulary = new Map(Object.entries(json.model.vocab));
  const unknownId = vocabulary.get(json.model.unk_token);
  if (unknownId === undefined) throw new BadFileError(`no token ${json.model.unk_token}`);
  const { prefix, suffix } = idsAround(partsOf(json));
  const findAdded = findAddedTokens(json.added_tokens);
  const clean = cleaner(json.normalizer);
  const split = pieceSplitter(json.model, vocabulary, unknownId);

  const idsOf = function* (text: string): Generator<number> {
    for (const part of sections(text, findAdded)) {
      if (typeof part === "number") yield part;
      else for (const word of wordsOf(clean(part))) yield* split(word);
    }
  };
  return {
    vocabularySize:
      [...vocabulary.values(), ...json.added_tokens.map(({ id }) => id)].reduce((a, b) => Math.max(a, b)) + 1,
    padId: idOf(json, "[PAD]"),
    unknownId,
    encode: (text, maxTokens) => {
      const room = maxTokens - prefix.length - suffix.length;
      invariant(room >= 0, `maxTokens leaves no room for the special tokens: ${maxTokens}`);
      return cut(idsOf(text), room, prefix, suffix);
    },
    pieceOf: pieceReader(json, unknownId),
  };
}

function pieceReader({ model, added_tokens: added }: WordPieceJson, unknownId: number): Tokenizer["pieceOf"] {
  const { vocab, continuing_subword_prefix: mark } = model;
  const pieces = new Map(Object.entries(vocab).map(([piece, id]) => [id, piece]));
  for (const { id, special } of added) if (special) pieces.delete(id);
  pieces.delete(unknownId);
  return (id) => {
    const piece = pieces.get(id);
    if (piece === undefined) return " ";
    return piece.startsWith(mark) ? piece.slice(mark.length) : ` ${piece}`;
  };
}

/** Takes one id more than fits, to know whether the text goes on. */
function cut(ids: Generator<number>, room: number, prefix: readonly number[], suffix: readonly number[]): Encoding {
  const kept: number[] = [];
  for (const id of ids) {
    if (kept.length === room) return { ids: Int32Array.of(...prefix, ...kept, ...suffix), truncated: true };
    kept.push(id);
  }
  return { ids: Int32Array.from([...prefix, ...kept, ...suffix]), truncated: false };
}

function partsOf({ post_processor: processor }: WordPieceJson) {
  return processor.type === "TemplateProcessing"
    ? templateParts(processor)
    : [[processor.cls[1]], null, [processor.sep[1]]];
}

function idOf(json: WordPieceJson, content: string): number {
  const id = json.added_tokens.find((token) => token.content === content)?.id ?? json.model.vocab[content];
  if (id === undefined) throw new BadFileError(`no token ${content}`);
  return id;
}

/** Ids of added tokens, and the text between them. */
function* sections(text: string, findAdded: FindAddedToken): Generator<string | number> {
  for (let from = 0; from < text.length; ) {
    const added = findAdded(text, from);
    yield text.slice(from, added?.start);
    if (added === null) return;
    yield added.id;
    from = added.end;
  }
}

/** BERT's clean-up, in the order of the reference. Letters are lowered one by one, so a final sigma stays σ. */
function cleaner(options: WordPieceJson["normalizer"]): (text: string) => string {
  const stripsAccents = options.strip_accents ?? options.lowercase;
  const steps: ((text: string) => string)[] = [];
  if (options.clean_text) steps.push((text) => text.replace(dropped, "").replace(/\p{White_Space}/gu, " "));
  if (options.handle_chinese_chars) steps.push((text) => text.replace(ideograph, " $& "));
  if (stripsAccents) steps.push((text) => text.normalize("NFD").replace(/\p{Mn}/gu, ""));
  if (options.lowercase) steps.push((text) => text.replace(/\p{L}|\p{N}|\p{S}/gu, (letter) => letter.toLowerCase()));
  return (text) => steps.reduce((result, step) => step(result), text);
}

/** Controls, formats, private use and lone halves, but not the line breaks and tabs that count as space. */
const dropped = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\uFFFD]/gu;
const ideograph =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;

/** Runs of other characters, and each punctuation mark by itself. ASCII symbols count as punctuation. */
const word = /[\p{P}$+<=>^`|~]|[^\p{White_Space}\p{P}$+<=>^`|~]+/gu;

function* wordsOf(text: string): Generator<string> {
  for (const [match] of text.matchAll(word)) yield match;
}

/** A word as its longest known beginning, and so on; unknown as a whole when any part is. */
function pieceSplitter(
  { continuing_subword_prefix: mark, max_input_chars_per_word: longestWord }: WordPieceJson["model"],
  vocabulary: ReadonlyMap<string, number>,
  unknownId: number,
): (word: string) => number[] {
  const longestPiece = [...vocabulary.keys()].reduce((longest, piece) => Math.max(longest, piece.length), 0);
  return (word) => {
    if (word.length > longestWord && [...word].length > longestWord) return [unknownId];
    const ids: number[] = [];
    for (let start = 0; start < word.length; ) {
      let end = Math.min(word.length, start + longestPiece);
      let id: number | undefined;
      for (; end > start; end--) {
        id = vocabulary.get((start === 0 ? "" : mark) + word.slice(start, end));
        if (id !== undefined) break;
      }
      if (id === undefined) return [unknownId];
      ids.push(id);
      start = end;
    }
    return ids;
  };
}
