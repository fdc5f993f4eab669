import fc from "fast-check";
import { expect, test } from "vitest";
import { sentencesOf } from "../../../../serve/routes/perspective/sentences.ts";

const sentences = (text: string) => sentencesOf(text).map(({ begin, end }) => text.slice(begin, end));

test("sentencesOf() splits several scripts and leaves blanks out", () => {
  expect(sentences("  One. Two?\n\n Three ")).toEqual(["One.", "Two?", "Three"]);
  expect(sentences("今日は。元気？")).toEqual(["今日は。", "元気？"]);
  expect(sentences(" \n ")).toEqual([]);
});

test("sentencesOf() stops when it has as many as are looked for", () => {
  const text = "A b. ".repeat(1000);
  expect(sentencesOf(text, 3)).toHaveLength(3);
  expect(sentencesOf(text, 3)).toEqual(sentencesOf(text).slice(0, 3));
});

test("sentencesOf() gives spans in order that hold all but blanks", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const spans = sentencesOf(text);
      for (const [i, { begin }] of spans.entries()) expect(begin).toBeGreaterThanOrEqual(spans[i - 1]?.end ?? 0);
      expect(sentences(text).join("").replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
    }),
    { numRuns: 100 },
  );
});
