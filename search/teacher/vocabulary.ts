/**
 * Vocabulary trimming. A unigram tokeniser without some of its pieces segments their text into smaller ones; as long as every
 * single character stays, no text gains an unknown, it only grows longer. So the pieces to drop are those whose loss
 * adds the fewest tokens to the texts that count.
 */
import { BadFileError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import type { TokenizerJson } from "../../src/text/tokenizer-json.ts";
import { splitPiece } from "./split-piece.ts";

type ScoredPiece = TokenizerJson["model"]["vocab"][number];

export interface LanguageText {
  readonly language: string;
  readonly text: string;
}

/** How often each piece occurs, by language; arrays of one number per piece id. */
export type PieceCounts = ReadonlyMap<string, Float64Array>;

export interface TrimmedVocabulary {
  /** Old ids in the order of the new ones: new id i is row `keptIds[i]` of the old token table. */
  readonly keptIds: Int32Array;
  readonly tokenizerJson: TokenizerJson;
}

/** A language's weight is its share of the tokens to this power, so that small languages count. */
const TEMPERATURE = 0.3;
/** Share of the teacher's own piece probabilities in a piece's use: they speak for text that the sample lacks. */
const PRIOR_SHARE = 0.1;
/** Pieces go in rounds, since the text of a dropped one falls to others and makes those worth more. */
const ROUNDS = 4;
const TOKENS_PER_TEXT = 4096;

/** Counts the pieces of every text. */
export function countPieces(tokenizer: Tokenizer, texts: Iterable<LanguageText>): PieceCounts {
  const counts = new Map<string, Float64Array>();
  for (const { language, text } of texts) {
    const counted = counts.get(language) ?? new Float64Array(tokenizer.vocabularySize);
    counts.set(language, counted);
    for (const id of tokenizer.encode(text, TOKENS_PER_TEXT).ids) counted[id] = (counted[id] as number) + 1;
  }
  return counts;
}

/**
 * Keeps `size` pieces: added tokens, the unknown, all single characters, pieces with a character that is no piece itself,
 * and of the others those that save the most tokens. More than `size` when those that must stay are more. Scores do not
 * change, and the order neither.
 */
export function trimVocabulary(json: TokenizerJson, counts: PieceCounts, size: number): TrimmedVocabulary {
  if (json.added_tokens.some((token) => token.id >= json.model.vocab.length)) {
    throw new BadFileError("an added token lies outside of the vocabulary: such a tokeniser cannot be trimmed");
  }
  const kept = chooseKept(json, balancedUse(json, counts), size);
  const keptIds = Int32Array.from(json.model.vocab.keys()).filter((id) => kept[id] === 1);
  return { keptIds, tokenizerJson: withOnly(json, keptIds) };
}

/** Share of each piece in text where languages are smoothed by temperature, mixed with the model's own probabilities. */
function balancedUse(json: TokenizerJson, counts: PieceCounts): Float64Array {
  const use = Float64Array.from(json.model.vocab, ([, score]) => PRIOR_SHARE * Math.exp(score));
  const totals = [...counts.values()].map((counted) => counted.reduce((a, b) => a + b, 0));
  const weights = totals.map((total) => total ** TEMPERATURE);
  const weightSum = weights.reduce((a, b) => a + b, 0);
  [...counts.values()].forEach((counted, language) => {
    const total = must(totals[language]);
    if (total === 0) return;
    const scale = ((1 - PRIOR_SHARE) * must(weights[language])) / weightSum / total;
    for (let id = 0; id < use.length; id++) use[id] = (use[id] as number) + scale * (counted[id] ?? 0);
  });
  return use;
}

/** One byte per piece: 1 stays. */
function chooseKept(json: TokenizerJson, use: Float64Array, size: number): Uint8Array {
  const { vocab } = json.model;
  const kept = new Uint8Array(vocab.length).fill(1);
  const droppable = droppablePieces(json);
  let excess = Math.min(vocab.length - size, droppable.length);
  const scores = new Map(vocab);
  for (let round = ROUNDS; round >= 1 && excess > 0; round--) {
    const batch = cheapest(vocab, droppable, kept, scores, use, Math.ceil(excess / round));
    for (const id of batch) {
      kept[id] = 0;
      scores.delete(pieceOf(vocab, id));
    }
    handOnUse(vocab, batch, scores, use);
    excess -= batch.length;
  }
  return kept;
}

function droppablePieces(json: TokenizerJson): number[] {
  const { vocab, unk_id } = json.model;
  const special = new Set([unk_id, ...json.added_tokens.map((token) => token.id)]);
  const single = new Set(vocab.map(([piece]) => piece).filter(isOneCharacter));
  return [...vocab.keys()].filter((id) => {
    const piece = pieceOf(vocab, id);
    return !special.has(id) && !isOneCharacter(piece) && [...piece].every((character) => single.has(character));
  });
}

/** The `count` pieces whose loss adds the fewest tokens; among equals the least probable goes first. */
function cheapest(
  vocab: readonly ScoredPiece[],
  droppable: readonly number[],
  kept: Uint8Array,
  scores: ReadonlyMap<string, number>,
  use: Float64Array,
  count: number,
): number[] {
  const left = droppable.filter((id) => kept[id] === 1);
  const loss = new Map(
    left.map((id) => [id, (use[id] as number) * (splitPiece(pieceOf(vocab, id), scores).length - 1)]),
  );
  return left.sort((a, b) => must(loss.get(a)) - must(loss.get(b)) || b - a).slice(0, count);
}

/** What a dropped piece stood for is from now on written with the parts that it falls into. */
function handOnUse(
  vocab: readonly ScoredPiece[],
  dropped: readonly number[],
  scores: ReadonlyMap<string, number>,
  use: Float64Array,
): void {
  const idOf = new Map(vocab.map(([piece], id) => [piece, id]));
  for (const id of dropped) {
    for (const part of splitPiece(pieceOf(vocab, id), scores)) {
      const partId = must(idOf.get(part));
      use[partId] = (use[partId] as number) + (use[id] as number);
    }
    use[id] = 0;
  }
}

function withOnly(json: TokenizerJson, keptIds: Int32Array): TokenizerJson {
  const newIds = new Map(Array.from(keptIds, (old, id) => [old, id]));
  const renumber = (old: number) => must(newIds.get(old), `new id of ${old}`);
  const specials = Object.entries(json.post_processor.special_tokens);
  return {
    ...json,
    added_tokens: json.added_tokens.map((token) => ({ ...token, id: renumber(token.id) })),
    post_processor: {
      ...json.post_processor,
      special_tokens: Object.fromEntries(
        specials.map(([name, special]) => [name, { ...special, ids: special.ids.map(renumber) }]),
      ),
    },
    model: {
      ...json.model,
      unk_id: renumber(json.model.unk_id),
      vocab: Array.from(keptIds, (id) => withShortScore(must(json.model.vocab[id]))),
    },
  };
}

/** As few decimals as name the same float32: a quarter of a tokeniser's bytes. */
function withShortScore([piece, score]: ScoredPiece): ScoredPiece {
  const float32 = Math.fround(score);
  const digits = [6, 7, 8].find((count) => Math.fround(Number(float32.toPrecision(count))) === float32) ?? 9;
  return [piece, Number(float32.toPrecision(digits))];
}

function pieceOf(vocab: readonly ScoredPiece[], id: number): string {
  return must(vocab[id])[0];
}

function isOneCharacter(piece: string): boolean {
  return piece.length <= 2 && [...piece].length === 1;
}
