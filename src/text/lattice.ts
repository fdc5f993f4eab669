/**
 * The best segmentation of a word under a unigram model (Kudo 2018): Viterbi over all pieces that match at each position, in
 * the order and with the ties of the Rust `tokenizers` (double sums, the first of equals stays). A character
 * that is no piece costs ten more than the worst piece, and neighbours of that kind become one unknown.
 */
import { invariant } from "../invariant.ts";
import { childOf, NO_NODE, pieceAt } from "./piece-trie.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Where ids go. It grows as needed; whoever has enough sets `limit`. */
export interface IdSink {
  ids: Int32Array;
  length: number;
  /** Nothing after this many ids is wanted; more may come. */
  limit: number;
}

/** Positions between two looks at whether the best path so far is settled: only long words have any. */
const SETTLE_EVERY = 512;
const UNREACHED = -1;
/** Room that stays between words; what a longer word needs is given back at the next. */
const KEPT_POSITIONS = 4096;

export class Lattice {
  readonly #vocabulary: Vocabulary;
  // Of the best path that ends at a position of the word: its score, where its last piece starts, and that piece.
  #score = new Float64Array(KEPT_POSITIONS);
  #start = new Int32Array(KEPT_POSITIONS);
  #id = new Int32Array(KEPT_POSITIONS);
  #afterUnknown = false;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** Appends the ids of the word `units[from, to)`, all of them or at least as many as the sink's limit leaves open. */
  segment(units: Uint16Array, from: number, to: number, sink: IdSink): void {
    const length = to - from;
    this.#reset(length);
    let settled = 0;
    let nextLook = SETTLE_EVERY;
    for (let at = 0; at < length; ) {
      if (at >= nextLook) {
        settled = this.#settle(settled, at, length, sink);
        if (sink.length >= sink.limit) return;
        // Twice as far each time that nothing settles, so that the looks stay linear in the word.
        nextLook = at + Math.max(SETTLE_EVERY, at - settled);
      }
      at += this.#expand(units, from, at, length);
    }
    this.#emit(settled, length, sink);
  }

  #reset(length: number): void {
    const needed = 2 ** Math.ceil(Math.log2(length + 1));
    const capacity = Math.max(KEPT_POSITIONS, needed);
    if (needed > this.#start.length || this.#start.length > capacity) {
      this.#score = new Float64Array(capacity);
      this.#start = new Int32Array(capacity);
      this.#id = new Int32Array(capacity);
    }
    // A loop, since words are short and a call to fill() costs more than they do.
    for (let i = 0; i <= length; i++) this.#start[i] = UNREACHED;
    this.#score[0] = 0;
    this.#afterUnknown = false;
  }

  /** Tries every piece that starts at `at`; returns the code units of the character there. */
  #expand(units: Uint16Array, from: number, at: number, length: number): number {
    const { trie, scores, unknownId, unknownScore } = this.#vocabulary;
    const before = this.#score[at] as number;
    const character = isHighSurrogate(units[from + at] as number) && at + 1 < length ? 2 : 1;
    let isPiece = false;
    let node = trie.first[units[from + at] as number] as number;
    for (let end = at + 1; node !== NO_NODE; end++) {
      const id = pieceAt(trie, node);
      if (id >= 0) {
        this.#offer(at, end, before + (scores[id] as number), id);
        if (end - at === character) isPiece = true;
      }
      node = end < length ? childOf(trie, node, units[from + end] as number) : NO_NODE;
    }
    if (!isPiece) this.#offer(at, at + character, before + unknownScore, unknownId);
    return character;
  }

  #offer(start: number, end: number, score: number, id: number): void {
    if (this.#start[end] !== UNREACHED && score <= (this.#score[end] as number)) return;
    this.#score[end] = score;
    this.#start[end] = start;
    this.#id[end] = id;
  }

  /** Emits what all best paths that reach `at` or beyond have in common; no later piece can change it. */
  #settle(settled: number, at: number, length: number, sink: IdSink): number {
    const common = this.#meeting(at, Math.min(length, at + this.#vocabulary.longest - 1), settled);
    if (common > settled) this.#emit(settled, common, sink);
    return common;
  }

  /** The last position that the best paths to every reached end in [first, last] share, not below `floor`. */
  #meeting(first: number, last: number, floor: number): number {
    const open = new Uint8Array(last + 1);
    let opened = 0;
    const visit = (position: number) => {
      if (open[position] === 0) opened++;
      open[position] = 1;
    };
    for (let end = first; end <= last; end++) if (this.#start[end] !== UNREACHED) visit(end);
    let highest = last;
    for (; highest > floor; highest--) {
      if (open[highest] === 0) continue;
      if (opened === 1) break;
      opened--;
      visit(this.#start[highest] as number);
    }
    return highest;
  }

  #emit(from: number, to: number, sink: IdSink): void {
    let count = 0;
    for (let end = to; end > from; end = this.#start[end] as number) count++;
    reserve(sink, count);
    let index = sink.length + count;
    for (let end = to; end > from; end = this.#start[end] as number) sink.ids[--index] = this.#id[end] as number;
    invariant(index === sink.length, "a path has as many pieces as were counted");
    this.#fuseUnknowns(sink, count);
  }

  #fuseUnknowns(sink: IdSink, count: number): void {
    const { unknownId } = this.#vocabulary;
    let write = sink.length;
    for (let read = write, last = write + count; read < last; read++) {
      const id = sink.ids[read] as number;
      if (id !== unknownId || !this.#afterUnknown) sink.ids[write++] = id;
      this.#afterUnknown = id === unknownId;
    }
    sink.length = write;
  }
}

/** Makes room for `count` more ids. */
export function reserve(sink: IdSink, count: number): void {
  if (sink.length + count <= sink.ids.length) return;
  const wider = new Int32Array(Math.max(sink.ids.length * 2, sink.length + count));
  wider.set(sink.ids.subarray(0, sink.length));
  sink.ids = wider;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
