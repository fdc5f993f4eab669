import fc from "fast-check";
import { expect, test } from "vitest";
import { buildPieceTrie, childOf, NO_NODE, type PieceTrie, pieceAt, piecesOf } from "../../../src/text/piece-trie.ts";

test("buildPieceTrie() finds every piece and nothing else", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abcd▁日😀"), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 60 }), fc.array(word), (pieces, others) => {
      const trie = buildPieceTrie(pieces);
      for (const text of [...pieces, ...others]) expect(find(trie, text)).toBe(pieces.indexOf(text));
    }),
  );
});

test("piecesOf() finds every piece by its id", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abcd▁日😀"), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 60 }), (pieces) => {
      const pieceOf = piecesOf(buildPieceTrie(pieces));
      expect(pieces.map((_, id) => pieceOf(id))).toEqual(pieces);
      expect(pieceOf(pieces.length)).toBeUndefined();
    }),
  );
});

test("buildPieceTrie() grows for long pieces", () => {
  const pieces = Array.from({ length: 50 }, (_, i) => String.fromCharCode(0x4e00 + i).repeat(300));
  const trie = buildPieceTrie(pieces);
  expect(pieces.map((piece) => find(trie, piece))).toEqual([...pieces.keys()]);
});

test("buildPieceTrie() gives a repeated piece its last id and leaves an empty one out", () => {
  expect(find(buildPieceTrie(["a", "", "a"]), "a")).toBe(2);
});

function find(trie: PieceTrie, text: string): number {
  let node = trie.first[text.charCodeAt(0)] as number;
  for (let i = 1; i < text.length && node !== NO_NODE; i++) node = childOf(trie, node, text.charCodeAt(i));
  return node === NO_NODE ? -1 : pieceAt(trie, node);
}
