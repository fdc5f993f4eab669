import fc from "fast-check";
import { expect, test } from "vitest";
import { Lattice } from "../../../src/text/lattice.ts";
import { toVocabulary } from "../../../src/text/vocabulary.ts";

const UNKNOWN = 0;
const pieces = ["<unk>", "a", "b", "ab", "ba", "aab", "abab", "日", "😀"];
const scores = [0, -2, -2.5, -3, -3.75, -5.25, -5.5, -4, -6];
const lattice = new Lattice(toVocabulary({ pieces, scores, unknownId: UNKNOWN }));
const unknownScore = Math.min(...scores) - 10;

test("segment() finds a path as good as the best of all paths", () => {
  const word = fc.string({ unit: fc.constantFrom(..."aab日😀x"), minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(word, (text) => {
      expect(score(text, segment(text))).toBeCloseTo(bestScore(text), 9);
    }),
  );
});

test("segment() makes one unknown of neighbours that are no piece", () => {
  expect(segment("xxa\u{1f601}xb")).toEqual([UNKNOWN, 1, UNKNOWN, 2]);
});

test("segment() leaves a long word when the limit is reached, with a head that no later text could change", () => {
  const text = "abaab日x".repeat(2000);
  const whole = segment(text);
  const head = segment(text, 50);
  expect(head.length).toBeGreaterThanOrEqual(50);
  expect(head.length).toBeLessThan(whole.length / 4);
  expect(head).toEqual(whole.slice(0, head.length));
});

function segment(text: string, limit = Number.POSITIVE_INFINITY): number[] {
  const units = Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  const sink = { ids: new Int32Array(4), length: 0, limit };
  lattice.segment(units, 0, units.length, sink);
  return Array.from(sink.ids.subarray(0, sink.length));
}

/** An unknown costs its price for each character that the known pieces leave over. */
function score(text: string, ids: number[]): number {
  const known = ids.filter((id) => id !== UNKNOWN);
  const covered = known.reduce((sum, id) => sum + [...(pieces[id] as string)].length, 0);
  return known.reduce((sum, id) => sum + (scores[id] as number), ([...text].length - covered) * unknownScore);
}

function bestScore(text: string): number {
  if (text === "") return 0;
  const [first = ""] = text;
  const known = pieces.flatMap((piece, id) =>
    id !== UNKNOWN && text.startsWith(piece) ? [(scores[id] as number) + bestScore(text.slice(piece.length))] : [],
  );
  return Math.max(
    ...known,
    pieces.includes(first) ? Number.NEGATIVE_INFINITY : unknownScore + bestScore(text.slice(first.length)),
  );
}
