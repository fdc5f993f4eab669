import { languageCode } from "../../search/corpus/language-codes.ts";

/**
 * Codes of the other identifiers that mean something else in ISO 639, by identifier. Everything else goes through the
 * project's own grouping (`no` is `nb`, `fil` is `tl`). An answer for a whole group (`sh`, Serbo-Croatian) is no answer to
 * which of hr, sr and bs a text is in, and stays wrong.
 */
const own: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Its Kurdish is Central Kurdish, in Arabic letters.
  eld: { ku: "ckb" },
  // Old code of Hebrew.
  cld3: { iw: "he" },
  // Wikipedia's names: als is Alemannic there, not Tosk Albanian; Egyptian Arabic has an edition of its own.
  fasttext: { als: "gsw", arz: "ar" },
};

/** The project's code for an answer such as `zh-Latn`: script and region do not count. */
export function answerCode(identifier: string, answer: string): string {
  const [code = ""] = answer.split("-");
  return own[identifier]?.[code] ?? languageCode(code);
}
