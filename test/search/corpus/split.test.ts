import { expect, test } from "vitest";
import { adviceOnSplits, HeldOut, textHash, useOf } from "../../../search/corpus/split.ts";

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

test("textHash() of a text with letters is what it was when it chose the splits of data folders", () => {
  expect(textHash("Hello, World 42!")).toBe(8095559232186447);
});

test("HeldOut.has() tells texts apart that have neither letters nor digits", () => {
  const heldOut = new HeldOut();
  heldOut.add({ text: "!!!", language: "en", label: "1" });
  expect(heldOut.has({ text: "！！！" })).toBe(true);
  expect(heldOut.has({ text: ":(" })).toBe(false);
  expect(heldOut.has({ text: "so bad", pair: "?" })).toBe(false);
});

test("HeldOut.add() holds out no empty half of a pair", () => {
  const heldOut = new HeldOut();
  heldOut.add({ text: "One.", pair: "", language: "en-de", label: "0" });
  expect(heldOut.size).toBe(1);
  expect(heldOut.has({ text: "Two.", pair: "" })).toBe(false);
});

test("adviceOnSplits() names those that are not known, where there are some but test", () => {
  expect(adviceOnSplits(["test"])).toBe(null);
  expect(adviceOnSplits(["test", "Train", "gold", "Train"])).toBe(
    'nothing is learned from the split "Train", "gold": known are train, val, validation, dev, lexicon',
  );
});
