import fc from "fast-check";
import { expect, test } from "vitest";
import { createNgrams, type NgramShape } from "../../../src/ngrams/ngrams.ts";

const shape: NgramShape = { rows: 1 << 16, longest: 3, most: 512 };

/** Pieces are what the caller says, with their place for an id. */
function rowsOf(pieces: readonly string[], own: Partial<NgramShape> = {}): number[] {
  const read = createNgrams((id) => pieces[id] as string, { ...shape, ...own });
  return [...read(Int32Array.from(pieces, (_, id) => id))];
}

test("createNgrams() finds every n-gram of each word with its limits, and none across words", () => {
  // " a", "a", "a ", " b", "b", "b ", " ab", "ab ", " a " and " b ": each once, a limit alone not at all
  expect(new Set(rowsOf([" a", " b"])).size).toBe(8);
  expect(rowsOf([" a", " b"])).toHaveLength(8);
  expect(rowsOf([" ab"])).toHaveLength(7);
});

test("createNgrams() reads the same of a text however it is cut into pieces", () => {
  const cut = fc.array(fc.string({ unit: fc.constantFrom(..."aäж日 .2"), maxLength: 4 }), { minLength: 1 });
  fc.assert(
    fc.property(cut, (pieces) => {
      expect(rowsOf(pieces)).toEqual(rowsOf([pieces.join("")]));
    }),
  );
});

test("createNgrams() lowers letters, and takes all else for the space between words", () => {
  expect(rowsOf([" Straße", ",", "7", " ÀB"])).toEqual(rowsOf([" straße àb"]));
});

test("createNgrams() gives a text without letters the row that no n-gram has", () => {
  for (const pieces of [[], [" "], [" 12", "."]]) expect(rowsOf(pieces)).toEqual([0]);
  expect(rowsOf([" every letter of the alphabet"], { rows: 3 }).every((row) => row === 1 || row === 2)).toBe(true);
});

test("createNgrams() reads no more than it is told to, from the beginning", () => {
  const [all, some] = [rowsOf([" a long text of some words"]), rowsOf([" a long text of some words"], { most: 9 })];
  expect(some).toEqual(all.slice(0, 9));
  expect(rowsOf([` ${"x".repeat(5000)}`])).toHaveLength(512);
});
