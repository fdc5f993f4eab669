import { expect, test } from "vitest";
import { splitPiece } from "../../../search/teacher/split-piece.ts";

const scores = new Map([
  ["▁", -3],
  ["a", -2],
  ["b", -2.5],
  ["日", -4],
  ["😀", -6],
  ["ab", -3],
  ["▁a", -4.5],
  ["▁ab", -5],
]);

test("splitPiece() takes the best segmentation that is not the piece itself", () => {
  expect(splitPiece("▁ab", scores)).toEqual(["▁", "ab"]);
  expect(splitPiece("▁aba", scores)).toEqual(["▁ab", "a"]);
  expect(splitPiece("日😀b", scores)).toEqual(["日", "😀", "b"]);
});
