import { expect, test } from "vitest";
import { prepareFilter } from "../../../search/corpus/prepare-filter.ts";
import { exampleOf, materialOf, numbered, rowsOf } from "./material.ts";

const toxic = (language: string, count: number) =>
  numbered(count, (i) => `fool number ${i}`).map((t) => exampleOf(language, "1", t));

test("prepareFilter() levels a language that has only toxic rows with unlabelled text of lower weight", () => {
  const pool = new Map([
    [
      "ru",
      rowsOf(
        "ru",
        numbered(2000, (i) => `обычный текст ${i}`),
      ),
    ],
  ]);
  const { examples } = prepareFilter(materialOf("filter", { examples: toxic("ru", 1200), pool }));
  const added = examples.filter((e) => e.label === "0");
  expect(added).toHaveLength(1200);
  expect(added.every((e) => e.language === "ru" && e.weight < 1)).toBe(true);
});

test("prepareFilter() takes no acceptable text from rough sources, nor with a word of the list", () => {
  const pool = new Map([
    ["ru", [...rowsOf("ru", ["грубо"], "xed_opensubtitles"), ...rowsOf("ru", ["Вот Дурак!", "хорошо", "дураки спят"])]],
  ]);
  const lexicon = rowsOf("ru", ["дурак"]);
  const { examples } = prepareFilter(materialOf("filter", { examples: toxic("ru", 1200), pool, lexicon }));
  expect(examples.filter((e) => e.label === "0").map((e) => e.text)).toEqual(["хорошо", "дураки спят"]);
});

test("prepareFilter() finds the list's words inside texts without spaces", () => {
  const pool = new Map([["ja", rowsOf("ja", ["今日は馬鹿な話をした", "今日は晴れです"])]]);
  const lexicon = rowsOf("ja", ["馬鹿"]);
  const { examples } = prepareFilter(materialOf("filter", { examples: toxic("ja", 1200), pool, lexicon }));
  expect(examples.filter((e) => e.label === "0").map((e) => e.text)).toEqual(["今日は晴れです"]);
});

test("prepareFilter() uses word lists lightly, beside as many fragments, only where rows are few", () => {
  const pool = new Map(
    ["fi", "en"].map((language) => [
      language,
      rowsOf(
        language,
        numbered(50, (i) => `a b c d e f ${i}`),
      ),
    ]),
  );
  const lexicon = [...rowsOf("fi", ["pöljä", "ääliö"]), ...rowsOf("en", ["jerk"])];
  const examples = numbered(1000, (i) => `fine ${i}`).map((text) => exampleOf("en", "0", text));
  const prepared = prepareFilter(materialOf("filter", { examples, pool, lexicon })).examples;
  const fi = prepared.filter((e) => e.language === "fi");
  expect(fi.map((e) => e.label).sort()).toEqual(["0", "0", "1", "1"]);
  expect(Math.max(...fi.map((e) => e.weight))).toBeLessThan(0.5);
  expect(prepared.filter((e) => e.language === "en")).toHaveLength(1000);
});

test("prepareFilter() leaves word lists alone where there is no acceptable text", () => {
  expect(prepareFilter(materialOf("filter", { lexicon: rowsOf("tlh", ["petaQ"]) })).examples).toEqual([]);
});
