import { expect, test } from "vitest";
import { Limits } from "../../../search/corpus/limits.ts";
import type { LabelledExample } from "../../../search/corpus/preparation.ts";
import { prepareLanguage } from "../../../search/corpus/prepare-language.ts";
import { exampleOf, materialOf, numbered, rowsOf } from "./material.ts";

const sentence = (i: number) => `the quick brown fox number ${i} jumps over that very lazy dog again today`;
const labelled = (language: string, count: number) =>
  numbered(count, sentence).map((text) => exampleOf(language, language, text));

test("prepareLanguage() makes labels of listed languages, those with unlabelled text and those validated", () => {
  const { labels } = prepareLanguage(
    materialOf("language", {
      examples: [...labelled("cy", 60), ...labelled("amc", 60), ...labelled("kmb", 60), ...labelled("fi", 10)],
      pool: new Map([["xyz", rowsOf("xyz", numbered(60, sentence))]]),
      validationLanguages: new Set(["kmb"]),
    }),
  );
  expect(labels).toEqual(["cy", "kmb", "xyz"]);
});

test("prepareLanguage() leaves out languages in a relative's shadow until there is more of them than the Declaration", () => {
  const declaration = (language: string) => labelled(language, 60).map((e) => ({ ...e, dataSet: "udhr" }));
  const labelsOf = (examples: LabelledExample[]) => prepareLanguage(materialOf("language", { examples })).labels;
  expect(labelsOf([...declaration("xh"), ...declaration("cy")])).toEqual(["cy"]);
  expect(labelsOf([...declaration("xh"), ...labelled("xh", 60)])).toEqual(["xh"]);
});

test("prepareLanguage() keeps to its limit and adds half as many fragments of two to ten words", () => {
  const limits = Limits.parse({ languagePerLanguage: 40 });
  const { examples } = prepareLanguage(materialOf("language", { examples: labelled("cy", 100), limits }));
  const lengths = examples.map((e) => e.text.split(" ").length);
  expect(lengths.filter((n) => n > 10)).toHaveLength(40);
  expect(lengths.filter((n) => n >= 2 && n <= 10)).toHaveLength(20);
  expect(examples.every((e) => e.label === "cy")).toBe(true);
});

test("prepareLanguage() cuts fragments of Thai and Japanese between characters", () => {
  const texts = numbered(60, (i) => `これはとても長い日本語の文章の第${i}番です`);
  const { examples } = prepareLanguage(materialOf("language", { pool: new Map([["ja", rowsOf("ja", texts)]]) }));
  const fragments = examples.filter((e) => !texts.includes(e.text));
  expect(fragments.length).toBeGreaterThan(100);
  expect(fragments.every((e) => texts.some((text) => text.includes(e.text)))).toBe(true);
});

test("prepareLanguage() has as many texts of each script of a language, each as a data set, so that training mixes them", () => {
  const cyrillic = numbered(300, (i) => `Црквe би, додао је, могле да буду замењене бројем ${i} сутра`).map((text) =>
    exampleOf("sr", "sr", text),
  );
  const latin = numbered(100, (i) => `Crkve bi, dodao je, mogle da budu zamenjene brojem ${i} sutra`).map((text) =>
    exampleOf("sr", "sr", text),
  );
  const slips = numbered(5, (i) => `Кратак текст број ${i}`).map((text) => exampleOf("cy", "cy", text));
  const limits = Limits.parse({ languagePerLanguage: 80 });
  const { examples, labels } = prepareLanguage(
    materialOf("language", { examples: [...cyrillic, ...latin, ...labelled("cy", 60), ...slips], limits }),
  );
  const of = (group: string) => examples.filter(({ dataSet }) => dataSet === group);
  expect(labels).toEqual(["cy", "sr"]);
  expect([...new Set(examples.map(({ dataSet }) => dataSet))].sort()).toEqual(["cy Latin", "sr Cyrillic", "sr Latin"]);
  expect([of("sr Cyrillic").length, of("sr Latin").length]).toEqual([120, 120]);
  expect(new Set(of("sr Latin").map(({ label }) => label))).toEqual(new Set(["sr"]));
});

test("prepareLanguage() varies apostrophes, and nothing else of a text", () => {
  const texts = numbered(60, (i) => `‘Oku ou ‘ilo ‘a e me’a ko ia mo hono fika ${i} ‘i he ‘aho ni`);
  const { examples } = prepareLanguage(
    materialOf("language", { examples: texts.map((text) => exampleOf("to", "to", text)) }),
  );
  const plain = (text: string) => text.replace(/['’‘ʻʼ]/g, "");
  expect(new Set(examples.flatMap(({ text }) => [...text].filter((letter) => plain(letter) === "")))).toContain("ʻ");
  expect(
    examples
      .slice(0, 60)
      .map(({ text }) => plain(text))
      .sort(),
  ).toEqual(texts.map(plain).sort());
});
