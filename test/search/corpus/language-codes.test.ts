import { expect, test } from "vitest";
import { languageCode, languageReader } from "../../../search/corpus/language-codes.ts";

test("languageCode() gives one code for all members of a group, and keeps languages with a code of their own apart", () => {
  expect(["prs", "pes", "fa", "zlm", "no", "fil", "fuv"].map(languageCode)).toEqual([
    "fa",
    "fa",
    "fa",
    "ms",
    "nb",
    "tl",
    "ff",
  ]);
  expect(["nn", "id", "ckb", "yue"].map(languageCode)).toEqual(["nn", "id", "ckb", "yue"]);
});

test("languageReader() corrects what is known to be filed wrongly in a set, and nothing in others", () => {
  const tatoeba = languageReader("tatoeba_challenge");
  expect([tatoeba("sl"), tatoeba("ms"), tatoeba("hr")]).toEqual(["sk", null, "hr"]);
  expect([languageReader("tico19")("ms"), languageReader("mine")("sl")]).toEqual(["ms", "sl"]);
});

test("languageReader() reads both languages of a pair, and none when one of them cannot be told", () => {
  const pairs = languageReader("tatoeba_challenge_direct");
  expect([pairs("en-sl"), pairs("sl-no"), pairs("ms-en"), pairs("pt-MZ")]).toEqual(["en-sk", "sk-nb", null, "pt-MZ"]);
});
