import { expect, test } from "vitest";
import { readUdhr } from "../../../search/corpus/udhr.ts";

const rows = await readUdhr();

test("readUdhr() reads paragraphs in more than 400 languages, by their shortest code", () => {
  const languages = new Set(rows.map((row) => row.language));
  expect(languages.size).toBeGreaterThan(400);
  for (const code of ["en", "ja", "ar", "hi", "zh", "ko", "sq", "ms", "gsw"]) expect(languages).toContain(code);
});

test("readUdhr() yields plain text", () => {
  expect(rows.find((row) => row.language === "en")?.text).toMatch(/^Whereas recognition of the inherent dignity/);
  expect(rows.filter((row) => /[<\t\n]|&[a-z]+;/.test(row.text))).toEqual([]);
});
