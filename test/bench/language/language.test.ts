import { expect, test } from "vitest";
import { meanAccuracy, weakest } from "../../../bench/language/accuracy.ts";
import { createCld3 } from "../../../bench/language/cld3-identifier.ts";
import { answerCode } from "../../../bench/language/codes.ts";
import { createEld } from "../../../bench/language/eld-identifier.ts";
import { cutTo, readTexts } from "../../../bench/language/texts.ts";
import { ConfigError } from "../../../src/errors.ts";
import { dataFolder } from "../../search/corpus/data-folder.ts";

const sentences = [
  "Wo ist der nächste Bahnhof, bitte?",
  "Det regner i dag, og jeg blir hjemme.",
  "שלום לכולם, מה שלומכם היום?",
];

test("createEld() and createCld3() answer with the project's codes", async () => {
  const [eld, cld3] = [createEld(), await createCld3()];
  expect((await eld.identify(sentences)).languages).toEqual(["de", "nb", "he"]);
  expect((await cld3.identify(sentences)).languages).toEqual(["de", "nb", "he"]);
  expect([eld.languages.size, eld.languages.has("nb"), cld3.languages.has("tl")]).toEqual([60, true, true]);
  await cld3.close();
});

test("answerCode() reads the codes that mean something else to an identifier, and drops scripts", () => {
  expect([answerCode("fasttext", "als"), answerCode("eld", "als"), answerCode("cld3", "iw")]).toEqual([
    "gsw",
    "sq",
    "he",
  ]);
  expect([answerCode("cld3", "zh-Latn"), answerCode("cld3", "fil"), answerCode("eld", "no")]).toEqual([
    "zh",
    "tl",
    "nb",
  ]);
});

test("meanAccuracy() counts each language the same, and weakest() names what a language is taken for", () => {
  const answers = [
    { language: "hr", answer: "bs" },
    { language: "de", answer: "de" },
    { language: "de", answer: "de" },
    { language: "xx", answer: "de" },
  ];
  const known = new Set(["hr", "de"]);
  expect(meanAccuracy(answers, known)).toBe(0.5);
  expect(weakest(answers, known, 0.9)).toEqual(["hr 0 (bs 100)"]);
});

test("readTexts() finds a set in whichever folder has it", async () => {
  const rows = [
    ["de", "Guten Tag."],
    ["no", "God dag."],
  ];
  const folder = dataFolder({ name: "greetings", task: "langid", columns: ["lang", "text"], rows });
  const columns = ["lang", "label", "text"];
  const other = dataFolder({ name: "moods", task: "sentiment", columns, rows: [["en", "2", "Good."]] });
  expect(await readTexts([other, folder], "greetings", 5)).toEqual([
    { language: "de", text: "Guten Tag." },
    { language: "nb", text: "God dag." },
  ]);
  await expect(readTexts([other], "greetings", 5)).rejects.toThrow(ConfigError);
});

test("cutTo() keeps the first words, and twice as many characters where words are not spaced", () => {
  const texts = [
    { language: "en", text: "one two three four" },
    { language: "ja", text: "今日は雨が降る" },
  ];
  expect(cutTo(texts, 3).map(({ text }) => text)).toEqual(["one two three", "今日は雨が降"]);
});
