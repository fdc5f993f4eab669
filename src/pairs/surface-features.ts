import type { Tokenizer } from "../text/tokenizer.ts";

/**
 * What the two texts of a pair look like, beside what their vectors say: lengths, repetitions, what both share, numbers and marks (the
 * black-box features of quality estimation: Specia et al. 2013, QuEst). A mean over tokens knows neither a length nor a digit. They are
 * read from the pieces' ids, so that whoever has a batch for a student has all that they take.
 */
export type ReadSurface = (source: Int32Array, target: Int32Array) => Float32Array;

/** Marks by kind; of each kind the counts of both texts are compared. */
const markKinds = [
  "?？؟՞",
  "!！",
  "\"“”„«»「」『』'‘’",
  "()[]（）【】{}",
  ",，、،",
  ".。।։",
  "…",
  ":：",
  ";；؛",
  "-–—",
  "%",
];
const kindOfMark = new Map(markKinds.flatMap((marks, kind) => Array.from(marks, (mark) => [mark, kind] as const)));
const lastMarks = ".。।!！?？…:：;";

const ownFeatures = 8;
const sharedFeatures = 16;
/** Numbers of a pair. */
export const surfaceWidth = 2 * ownFeatures + sharedFeatures + markKinds.length;

/** Values are logarithms of counts, and shares: none is large, and none is missing, of empty texts neither. */
export function createSurfaceFeatures({ pieceOf }: Pick<Tokenizer, "pieceOf">): ReadSurface {
  return (source, target) => {
    const [a, b] = [readText(source, pieceOf), readText(target, pieceOf)];
    return Float32Array.of(
      ...a.own,
      ...b.own,
      ...together(a, b),
      ...a.marks.map((mark, i) => Math.abs(mark - at(b.marks, i))),
    );
  };
}

interface Text {
  readonly text: string;
  readonly own: readonly number[];
  /** ln(1 + count) of each kind. */
  readonly marks: readonly number[];
  readonly pieces: ReadonlyMap<number, number>;
  readonly numbers: ReadonlyMap<string, number>;
  readonly words: ReadonlyMap<string, number>;
}

function readText(ids: Int32Array, pieceOf: Tokenizer["pieceOf"]): Text {
  // without the special tokens around them
  const inner = ids.subarray(1, -1);
  const text = Array.from(inner, pieceOf).join("").trim();
  const pieces = counts(inner);
  const pairs = counts(Array.from(inner.subarray(1), (id, i) => `${at(inner, i)} ${id}`));
  const letters = readLetters(text);
  const [length, units] = [Math.max(1, inner.length), Math.max(1, letters.count)];
  return {
    ...{ text, pieces, marks: letters.marks },
    own: [
      Math.log(1 + inner.length),
      Math.log(1 + letters.count),
      Math.log(length / units),
      letters.digits / units,
      1 - pieces.size / length,
      (Math.max(0, inner.length - 1) - pairs.size) / length,
      letters.latin / units,
      letters.capitals / units,
    ],
    numbers: counts(numbersIn(text)),
    words: counts(text.toLowerCase().match(/[\p{L}\p{M}\p{N}_]{3,}/gu) ?? []),
  };
}

function readLetters(text: string) {
  const marks = new Array<number>(markKinds.length).fill(0);
  let count = 0;
  for (const letter of text) {
    count++;
    const kind = kindOfMark.get(letter);
    if (kind !== undefined) marks[kind] = at(marks, kind) + 1;
  }
  return {
    ...{ count, marks: marks.map((marked) => Math.log(1 + marked)) },
    digits: occurrences(text, /\p{Nd}/gu),
    latin: occurrences(text, /[A-Za-z]/g),
    capitals: occurrences(text, /\p{Lu}/gu),
  };
}

function occurrences(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** Numbers as ASCII digits, without what groups their thousands. */
function numbersIn(text: string): string[] {
  const found = text.match(/\p{Nd}+(?:[.,\s]\p{Nd}{3})*(?:[.,]\p{Nd}+)?/gu) ?? [];
  return found.map((number) => number.replace(/\p{Nd}/gu, toAscii).replace(/[.,\s](?=\d{3})/g, ""));
}

/** Decimal digits lie in tens, in order, in every script. */
function toAscii(digit: string): string {
  const code = digit.codePointAt(0) as number;
  if (code < 0x80) return digit;
  let zero = code;
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return String(code - zero);
}

function together(a: Text, b: Text): number[] {
  const [pieces, words] = [shared(a.pieces, b.pieces), shared(a.words, b.words)];
  const [ours, theirs] = [total(a.numbers), total(b.numbers)];
  const both = shared(a.numbers, b.numbers);
  const [longer, wider] = [at(b.own, 0) - at(a.own, 0), at(b.own, 1) - at(a.own, 1)];
  return [
    ...[longer, wider, Math.abs(longer), Math.abs(wider)],
    ...[share(pieces, total(a.pieces)), share(pieces, total(b.pieces))],
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

function counts<T>(items: Iterable<T>): Map<T, number> {
  const found = new Map<T, number>();
  for (const item of items) found.set(item, (found.get(item) ?? 0) + 1);
  return found;
}

function total(found: ReadonlyMap<unknown, number>): number {
  let sum = 0;
  for (const count of found.values()) sum += count;
  return sum;
}

/** Of what both have, as often as both have it. */
function shared<T>(a: ReadonlyMap<T, number>, b: ReadonlyMap<T, number>): number {
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
