import type { Tokenizer } from "./tokenizer.ts";
import type { WordPieceJson } from "./tokenizer-json.ts";
import { type UnigramParts, unigramFrom } from "./unigram.ts";
import { createWordPiece } from "./word-piece.ts";

/** A tokeniser before it is built: what was read from its file, fit to be sent to other threads. */
export type TokenizerParts = UnigramParts | { readonly kind: "WordPiece"; readonly json: WordPieceJson };

/** Takes about a millisecond for a Unigram, however large. @throws {BadFileError} when the parts contradict each other. */
export function createTokenizer(parts: TokenizerParts): Tokenizer {
  switch (parts.kind) {
    case "Unigram":
      return unigramFrom(parts);
    case "WordPiece":
      return createWordPiece(parts.json);
  }
}
