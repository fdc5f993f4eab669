import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { must } from "../../../src/invariant.ts";
import { createSurfaceFeatures, surfaceWidth } from "../../../src/pairs/surface-features.ts";
import { hostileText } from "../../fixtures/hostile-text.ts";

/** A tokeniser of letters: an id is a code point, and there is one before and one after each text. */
const idsOf = (text: string) => Int32Array.from([0, ...Array.from(text, (letter) => must(letter.codePointAt(0))), 0]);
const read = createSurfaceFeatures({ pieceOf: (id) => (id === 0 ? " " : String.fromCodePoint(id)) });
const surface = (source: string, target: string) => Array.from(read(idsOf(source), idsOf(target)));

/** Places of the features that two pairs differ in. */
function differing(a: readonly number[], b: readonly number[]): number[] {
  return a.flatMap((value, i) => (value === b[i] ? [] : [i]));
}

// What a source, then a target has of its own; then what they have together.
const shared = 16;
const numberFeatures = [9, 10, 11, 12, 13, 14].map((i) => shared + i);

describe("createSurfaceFeatures()", () => {
  test("sees another number, a missing one and an added one, in any script and however thousands are grouped", () => {
    const wrong = (source: string, target: string) => numberFeatures.slice(2).map((i) => surface(source, target)[i]);
    expect(wrong("room 12", "Zimmer 12")).toEqual([0, 0, 0, 0]);
    expect(wrong("room 12", "Zimmer 21")).toEqual([1, 1, 1, 1]);
    expect(wrong("room 12", "Zimmer")).toEqual([1, 0, 1, 0]);
    expect(wrong("room", "Zimmer 12")).toEqual([0, 1, 0, 1]);
    expect(wrong("rooms 7 and 12", "Zimmer 7 und 21")).toEqual([0.5, 0.5, 1, 1]);
    expect(wrong("2,500 people", "2500 Menschen")).toEqual([0, 0, 0, 0]);
    expect(wrong("2,500 people", "2 500 Menschen")).toEqual([0, 0, 0, 0]);
    expect(wrong("2 , 500 people", "2500 Menschen")).toEqual([0, 0, 0, 0]);
    expect(wrong("In 2020 300 people came", "2020 kamen 300 Menschen")).toEqual([0, 0, 0, 0]);
    expect(wrong("3.14159", "3,14159")).toEqual([0, 0, 0, 0]);
    expect(wrong("1,234.56 dollars", "1.234,56 Dollar")).toEqual([0, 0, 0, 0]);
    expect(wrong("rooms 12, 130", "Zimmer 12 und 130")).toEqual([0, 0, 0, 0]);
    expect(wrong("3.5 percent", "3,5 Prozent")).toEqual([0, 0, 0, 0]);
    expect(wrong("year 1984", "عام ١٩٨٤")).toEqual([0, 0, 0, 0]);
    expect(wrong("year 1984", "वर्ष १९८५")).toEqual([1, 1, 1, 1]);
  });

  test("sees what both texts share, and whether they are the same", () => {
    const [pieces, words, same] = [shared + 4, shared + 6, shared + 8];
    const copied = surface("The shop is open", "The shop is open");
    expect([copied[pieces], copied[pieces + 1], copied[words], copied[words + 1], copied[same]]).toEqual([
      1, 1, 1, 1, 1,
    ]);
    const half = surface("open shop", "open Laden");
    expect([half[words], half[words + 1], half[same]]).toEqual([0.5, 0.5, 0]);
    expect(surface("open shop", "магазин")[pieces]).toBe(0);
  });

  test("compares lengths both ways, and marks of one kind whatever their script", () => {
    const [there, back] = [surface("abcd", "abcdefgh"), surface("abcdefgh", "abcd")];
    expect(there[shared]).toBeCloseTo(Math.log(9 / 5));
    expect(back[shared]).toBeCloseTo(-Math.log(9 / 5));
    expect(there[shared + 2]).toBe(back[shared + 2]);
    const marks = (target: string) => surface("Is it open?", target).slice(shared + 15);
    expect(marks("开门了吗？").every((value) => value === 0)).toBe(true);
    expect(
      marks("开门了。")
        .filter((value) => value > 0)
        .map((value) => value.toFixed(2)),
    ).toEqual(["0.69", "0.69"]);
    expect(marks("开门了")[0]).toBe(1);
    expect(marks("هل هو مفتوح؟").every((value) => value === 0)).toBe(true);
    const stops = (target: string) => surface("It is open.", target).slice(shared + 15);
    for (const target of ["دکان کھلی ہے۔", "Խանութը բաց է։", "दुकान खुली है।", "ሱቁ ክፍት ነው።", "ဆိုင်ဖွင့်ထားသည်။"])
      expect(stops(target).filter((value) => value > 0)).toEqual([]);
  });

  test("tells a text that repeats itself from one that does not", () => {
    const repeats = differing(surface("abcd", "efgh"), surface("abcd", "efef"));
    expect(repeats).toEqual([12, 13]);
    expect(surface("abcd", "efef").slice(12, 14)).toEqual([0.5, 0.25]);
  });

  test("gives as many finite numbers for every text, empty ones included", () => {
    const check = (...texts: readonly [string, string]) => {
      const features = surface(...texts);
      expect(features).toHaveLength(surfaceWidth);
      expect(features.every((value) => Number.isFinite(value) && Math.abs(value) < 20)).toBe(true);
    };
    check("", "");
    check(" ", "a");
    fc.assert(fc.property(hostileText, hostileText, check));
  });
});
