import { expect, test } from "vitest";
import { HeldOut, textHash, useOf } from "../../../search/corpus/split.ts";

test("useOf() keeps unknown splits out of the training", () => {
  expect(["train", "val", "dev", "lexicon", "test", "gold"].map(useOf)).toEqual([
    "train",
    "validation",
    "validation",
    "lexicon",
    "held-out",
    "held-out",
  ]);
});

test("HeldOut.has() finds a text in other case, width, spacing and punctuation", () => {
  const heldOut = new HeldOut();
  heldOut.add({ text: "Hello, World 42!", language: "en", label: "1" });
  expect(heldOut.has({ text: "hello world   ４２" })).toBe(true);
  expect(heldOut.has({ text: "hello word 42" })).toBe(false);
});

test("HeldOut.has() minds either side of a pair", () => {
  const heldOut = new HeldOut();
  heldOut.add({ text: "One.", pair: "Eins.", language: "en-de", label: "100" });
  expect(heldOut.has({ text: "Two", pair: "eins" })).toBe(true);
  expect(heldOut.has({ text: "ONE" })).toBe(true);
  expect(heldOut.has({ text: "Two", pair: "Zwei" })).toBe(false);
});

test("textHash() keeps marks, which tell words of many scripts apart", () => {
  expect(textHash("कि")).not.toBe(textHash("की"));
});

test("textHash() spreads 200,000 texts without a collision", () => {
  expect(new Set(Array.from({ length: 200_000 }, (_, i) => textHash(`row ${i}`))).size).toBe(200_000);
});
