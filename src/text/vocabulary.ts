import { buildPieceTrie, type PieceTrie } from "./piece-trie.ts";

/** What a unigram model looks pieces up in. Plain data over shared memory: a thread that is sent it copies nothing. */
export interface Vocabulary {
  readonly trie: PieceTrie;
  /** Log probabilities, by id. */
  readonly scores: Float64Array;
  readonly unknownId: number;
  /** Log probability of a character that is no piece. */
  readonly unknownScore: number;
  /** UTF-16 code units of the longest piece. */
  readonly longest: number;
}

/** Pieces in the order of their ids; `scores` are log probabilities, float32 in whatever decimals the file has them. */
export interface ScoredPieces {
  readonly pieces: readonly string[];
  readonly scores: readonly number[];
  readonly unknownId: number;
}

/** An unknown character costs this much more than the worst piece. */
const UNKNOWN_PENALTY = 10;

export function toVocabulary({ pieces, scores: decimals, unknownId }: ScoredPieces): Vocabulary {
  // Sums of float32 are exact in float64, so that the same pieces in another order are a tie, as in sentencepiece.
  const scores = decimals.map(Math.fround);
  const shared = new Float64Array(new SharedArrayBuffer(scores.length * Float64Array.BYTES_PER_ELEMENT));
  shared.set(scores);
  return {
    trie: buildPieceTrie(pieces),
    scores: shared,
    unknownId,
    // Not Math.min(...scores): a vocabulary is longer than an argument list may be.
    unknownScore: scores.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY,
    longest: pieces.reduce((longest, piece) => Math.max(longest, piece.length), 2),
  };
}
