/**
 * Character n-grams of a text, hashed to the rows of a table (Joulin et al. 2017, Bojanowski et al. 2017). They tell what pieces
 * do not: how words are spelled, in languages whose words are cut into pieces of one letter. They are read from the pieces' ids,
 * so that whoever has a batch for a student has all that they take. Letters are lowered; all else stands between words.
 */
export interface NgramShape {
  /** Of the table; the first is that of a text without letters. */
  readonly rows: number;
  /** UTF-16 units of the longest n-gram; a word's limits count as one each. */
  readonly longest: number;
  /** N-grams that are read of a text, from its beginning. */
  readonly most: number;
}

/** Rows of the n-grams of a sequence of ids, at least one. */
export type ReadNgrams = (ids: Int32Array) => Int32Array;

const space = 32;

/** @param pieceOf the text of a piece, with a space before a word. */
export function createNgrams(pieceOf: (id: number) => string, { rows, longest, most }: NgramShape): ReadNgrams {
  const known = new Map<number, string>();
  const lettersOf = (id: number) => {
    const letters = known.get(id) ?? toLetters(pieceOf(id));
    known.set(id, letters);
    return letters;
  };
  let units = new Uint16Array(1024);
  const found = new Int32Array(most);

  /** Units of the text with a space before and after each word, none twice. */
  const spell = (ids: Int32Array): number => {
    let length = 1;
    units[0] = space;
    for (let i = 0; i < ids.length && length < most; i++) {
      const own = lettersOf(ids[i] as number);
      if (units.length < length + own.length + 1) units = grown(units, length + own.length + 1);
      for (let j = 0; j < own.length; j++) {
        const unit = own.charCodeAt(j);
        if (unit !== space || units[length - 1] !== space) units[length++] = unit;
      }
    }
    if (units[length - 1] !== space) units[length++] = space;
    return length;
  };
  return (ids) => {
    const length = spell(ids);
    let count = 0;
    for (let start = 0; start < length && count < most; start++) {
      const end = Math.min(length, start + longest);
      let hash = 0x811c9dc5;
      for (let at = start; at < end && count < most; at++) {
        const unit = units[at] as number;
        hash = Math.imul(hash ^ unit, 0x01000193);
        hash ^= hash >>> 15;
        if (unit === space && at === start) continue;
        found[count++] = 1 + ((Math.imul(hash, 0x9e3779b1) >>> 0) % (rows - 1));
        // Nothing reaches from one word into the next.
        if (unit === space) break;
      }
    }
    return count === 0 ? new Int32Array(1) : found.slice(0, count);
  };
}

function toLetters(piece: string): string {
  return piece.toLowerCase().replace(/[^\p{L}\p{M}]+/gu, " ");
}

function grown(units: Uint16Array, length: number): Uint16Array<ArrayBuffer> {
  const larger = new Uint16Array(2 * length);
  larger.set(units);
  return larger;
}
