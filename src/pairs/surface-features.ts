import type { Tokenizer } from "../text/tokenizer.ts";
import { numbersIn } from "./numbers-in.ts";

/**
 * What the two texts of a pair look like, beside what their vectors say: lengths, repetitions, what both share, numbers and marks (the
 * black-box features of quality estimation: Specia et al. 2013, QuEst). A mean over tokens knows neither a length nor a digit. They are
 * read from the pieces' ids, so that whoever has a batch for a student has all that they take.
 */
export type ReadSurface = (source: Int32Array, target: Int32Array) => Float32Array;

/** Marks that a text may end with, in Latin and wide forms, then in those of other scripts. */
const last = {
  question: "?？؟՞",
  exclamation: "!！",
  stop: ".。।։۔።။។",
  ellipsis: "…",
  colon: ":：",
  semicolon: ";；؛",
};
/** Marks by kind; of each kind the counts of both texts are compared. Heads know them by this order. */
const markKinds = [
  last.question,
  last.exclamation,
  "\"“”„«»「」『』'‘’",
  "()[]（）【】{}",
  ",，、،",
  last.stop,
  last.ellipsis,
  last.colon,
  last.semicolon,
  "-–—",
  "%",
];
const kindOfMark = new Map(markKinds.flatMap((marks, kind) => Array.from(marks, (mark) => [mark, kind] as const)));
const lastMarks = Object.values(last).join("");

const ownFeatures = 8;
const sharedFeatures = 16;
/** Numbers of a pair. */
export const surfaceWidth = 2 * ownFeatures + sharedFeatures + markKinds.length;

/** Values are logarithms of counts, and shares: none is large, and none is missing, of empty texts neither. */
export function createSurfaceFeatures({ pieceOf }: Pick<Tokenizer, "pieceOf">): ReadSurface {
  const known = new Map<number, Piece>();
  const read = (id: number): Piece => {
    const piece = known.get(id) ?? readPiece(pieceOf(id));
    known.set(id, piece);
    return piece;
  };
  return (source, target) => {
    const [a, b] = [readText(source, read), readText(target, read)];
    const marks = a.marks.map((count, i) => Math.abs(Math.log((1 + count) / (1 + at(b.marks, i)))));
    return Float32Array.of(...a.own, ...b.own, ...together(a, b), ...marks);
  };
}

/** What counts of a piece, wherever it stands. */
interface Piece {
  readonly text: string;
  readonly points: number;
  readonly digits: number;
  readonly latin: number;
  readonly capitals: number;
  /** Kinds of its marks. */
  readonly marks: readonly number[];
}

function readPiece(text: string): Piece {
  const letters = Array.from(text);
  return {
    ...{ text, points: letters.length },
    digits: occurrences(text, /\p{Nd}/gu),
    latin: occurrences(text, /[A-Za-z]/g),
    capitals: occurrences(text, /\p{Lu}/gu),
    marks: letters.flatMap((letter) => kindOfMark.get(letter) ?? []),
  };
}

function occurrences(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

interface Text {
  readonly text: string;
  readonly own: readonly number[];
  /** Count of each kind. */
  readonly marks: readonly number[];
  /** Ids in ascending order. */
  readonly pieces: Int32Array;
  readonly numbers: ReadonlyMap<string, number>;
  readonly words: ReadonlyMap<string, number>;
}

function readText(ids: Int32Array, read: (id: number) => Piece): Text {
  // without the special tokens around them
  const inner = ids.subarray(1, -1);
  const found = { text: "", points: 0, digits: 0, latin: 0, capitals: 0 };
  const marks = new Array<number>(markKinds.length).fill(0);
  for (let i = 0; i < inner.length; i++) {
    const piece = read(at(inner, i));
    found.text += piece.text;
    found.points += piece.points;
    found.digits += piece.digits;
    found.latin += piece.latin;
    found.capitals += piece.capitals;
    for (const kind of piece.marks) marks[kind] = at(marks, kind) + 1;
  }
  const text = found.text.trim();
  const points = found.points - (found.text.length - text.length);
  const [length, letters] = [Math.max(1, inner.length), Math.max(1, points)];
  const pieces = inner.slice().sort();
  return {
    ...{ text, marks, pieces },
    own: [
      Math.log(1 + inner.length),
      Math.log(1 + points),
      Math.log(length / letters),
      found.digits / letters,
      1 - distinct(pieces) / length,
      (Math.max(0, inner.length - 1) - distinct(neighbours(inner))) / length,
      found.latin / letters,
      found.capitals / letters,
    ],
    numbers: counts(found.digits === 0 ? [] : numbersIn(text)),
    words: counts(text.toLowerCase().match(/[\p{L}\p{M}\p{N}_]{3,}/gu) ?? []),
  };
}

/** A number for every two pieces side by side, in ascending order. */
function neighbours(ids: Int32Array): Float64Array {
  const pairs = new Float64Array(Math.max(0, ids.length - 1));
  for (let i = 0; i < pairs.length; i++) pairs[i] = at(ids, i) * 2 ** 22 + at(ids, i + 1);
  return pairs.sort();
}

function distinct(sorted: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) count++;
  return count;
}

function together(a: Text, b: Text): number[] {
  const [pieces, words] = [sharedPieces(a.pieces, b.pieces), shared(a.words, b.words)];
  const [ours, theirs] = [total(a.numbers), total(b.numbers)];
  const both = shared(a.numbers, b.numbers);
  const [longer, wider] = [at(b.own, 0) - at(a.own, 0), at(b.own, 1) - at(a.own, 1)];
  return [
    ...[longer, wider, Math.abs(longer), Math.abs(wider)],
    ...[share(pieces, a.pieces.length), share(pieces, b.pieces.length)],
    ...[share(words, total(a.words)), share(words, total(b.words))],
    Number(a.text === b.text),
    ...[Math.log(1 + ours), Math.log(1 + theirs), share(ours - both, ours), share(theirs - both, theirs)],
    ...[Number(ours > both), Number(theirs > both)],
    Number(endsInMark(a) !== endsInMark(b)),
  ];
}

function endsInMark({ text }: Text): boolean {
  return text !== "" && lastMarks.includes(text.slice(-1));
}

function counts(items: Iterable<string>): Map<string, number> {
  const found = new Map<string, number>();
  for (const item of items) found.set(item, (found.get(item) ?? 0) + 1);
  return found;
}

function total(found: ReadonlyMap<unknown, number>): number {
  let sum = 0;
  for (const count of found.values()) sum += count;
  return sum;
}

/** Of what both have, as often as both have it. */
function sharedPieces(a: Int32Array, b: Int32Array): number {
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const difference = at(a, i) - at(b, j);
    if (difference === 0) count++;
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  return count;
}

function shared(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [item, count] of a) sum += Math.min(count, b.get(item) ?? 0);
  return sum;
}

function share(part: number, whole: number): number {
  return part / Math.max(1, whole);
}

function at(values: ArrayLike<number>, index: number): number {
  return values[index] as number;
}
