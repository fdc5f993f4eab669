import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  architectureKey,
  count,
  createSpace,
  crossover,
  ENCODED_LENGTH,
  encode,
  enumerate,
  isValid,
  mutate,
  Space,
  sampleArchitecture,
} from "../../../search/space/space.ts";
import { Architecture } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";

const space = createSpace(100_000);
const all = enumerate(space);
const seed = fc.integer({ min: 0, max: 2 ** 31 });

describe("space", () => {
  test("createSpace() gives a space that its own schema accepts", () => {
    expect(Space.parse(space)).toEqual(space);
  });

  test("createSpace() leaves out students deeper or wider than their teacher, and always leaves some", () => {
    const six = createSpace(1000, { layers: 6, hidden: 312, heads: 12 });
    expect(enumerate(six).every((a) => a.layers <= 6 && a.hidden <= 312 && a.tableWidth <= 312)).toBe(true);
    for (const teacher of [
      { layers: 2, hidden: 64, heads: 2 },
      { layers: 1, hidden: 50, heads: 5 },
    ]) {
      const tiny = Space.parse(createSpace(1000, teacher));
      expect(Math.max(...enumerate(tiny).map((a) => a.layers))).toBe(teacher.layers);
      expect(enumerate(tiny).every((a) => a.hidden <= teacher.hidden && isValid(tiny, a))).toBe(true);
    }
    const { copiedWidth, ...whole } = createSpace(1000, { layers: 12, hidden: 384, heads: 12 });
    expect(whole).toEqual(createSpace(1000));
    expect(copiedWidth).toBe(384);
  });

  test("enumerate() gives each valid architecture once, and count() their number", () => {
    // 4 static; 6 depths × 2 head widths × 4 feed-forward × 2 activations × 17 pairs of hidden and table width
    expect(all).toHaveLength(4 + 6 * 2 * 4 * 2 * 17);
    expect(count(space)).toBe(all.length);
    expect(new Set(all.map(architectureKey)).size).toBe(all.length);
    for (const a of all) expect(isValid(space, Architecture.parse(a))).toBe(true);
  });

  test("sampleArchitecture(), mutate() and crossover() stay inside the space", () => {
    fc.assert(
      fc.property(seed, (s) => {
        const random = createRandom(s);
        const [a, b] = [sampleArchitecture(space, random), sampleArchitecture(space, random)];
        return [a, mutate(space, a, random), crossover(space, a, b, random)].every((x) => isValid(space, x));
      }),
      { numRuns: 500 },
    );
  });

  test("mutate() always changes something, and reaches layers from a static student and back", () => {
    const random = createRandom(3);
    const staticOne = all.find((a) => a.layers === 0) as Architecture;
    const children = Array.from({ length: 200 }, () => mutate(space, staticOne, random));
    expect(children.some((a) => a.layers > 0)).toBe(true);
    expect(children.every((a) => architectureKey(a) !== architectureKey(staticOne))).toBe(true);
    const deep = all.at(-1) as Architecture;
    expect(Array.from({ length: 200 }, () => mutate(space, deep, random)).some((a) => a.layers === 0)).toBe(true);
  });

  test("mutate() returns the parent when the space holds nothing else", () => {
    const lonely = { ...space, layers: [0], tableWidths: [64] };
    const [only] = enumerate(lonely) as [Architecture];
    expect(count(lonely)).toBe(1);
    expect(mutate(lonely, only, createRandom(1))).toEqual(only);
  });

  test("sampleArchitecture() draws static students as often as any other depth", () => {
    const random = createRandom(5);
    const drawn = Array.from({ length: 3500 }, () => sampleArchitecture(space, random).layers);
    for (const layers of space.layers) expect(drawn.filter((l) => l === layers).length / 500).toBeCloseTo(1, 0);
  });

  test.each([
    ["heads that do not divide the width", { heads: 5 }],
    ["a head width outside the space", { heads: 3 }],
    ["a table wider than the hidden states", { hidden: 128, heads: 4, ffn: 128, tableWidth: 192 }],
    ["a feed-forward width between the multiples", { ffn: 500 }],
    ["a foreign vocabulary", { vocabulary: 5 }],
    ["layers of a static student's shape", { layers: 0 }],
    ["too many layers", { layers: 7 }],
  ])("isValid() refuses %s", (_, change) => {
    const good = {
      layers: 2,
      hidden: 384,
      heads: 12,
      ffn: 768,
      activation: "relu",
      tableWidth: 64,
      vocabulary: 100_000,
    };
    expect(isValid(space, good as Architecture)).toBe(true);
    expect(isValid(space, { ...good, ...change } as Architecture)).toBe(false);
  });

  test("Space refuses widths that no head and no table fits", () => {
    expect(() => Space.parse({ ...space, headWidths: [7] })).toThrow("head width");
    expect(() => Space.parse({ ...space, tableWidths: [512] })).toThrow("wider");
  });

  test("encode() tells all architectures apart with features of order one", () => {
    const features = all.map((a) => encode({ copiedWidth: 384 }, a));
    for (const row of features) {
      expect(row).toHaveLength(ENCODED_LENGTH);
      expect(row.every((x) => x >= -0.01 && x <= 1.5)).toBe(true);
    }
    expect(new Set(features.map((row) => row.join())).size).toBe(all.length);
    const marked = all.filter((_, i) => must(features[i]).at(-2) === 1);
    expect(marked).toEqual(all.filter(({ layers, hidden }) => layers > 0 && hidden === 384));
  });
});
