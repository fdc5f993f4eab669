import { expect, test } from "vitest";
import { scriptOf } from "../../../search/corpus/scripts.ts";
import { respelled } from "../../../search/corpus/spellings.ts";
import { createRandom } from "../../../src/random.ts";
import { numbered } from "./material.ts";

test("respelled() now and then takes Latin letters for Cyrillic ones that look like them, and leaves others alone", () => {
  const random = createRandom(1);
  const texts = new Set(numbered(300, () => respelled("Реклама за пумпу", random)));
  expect(texts.size).toBeGreaterThan(5);
  expect([...texts].some((text) => /[а-я][a-z]/.test(text))).toBe(true);
  expect([...texts].map((text) => text.length)).toEqual([...texts].map(() => 16));
  expect(respelled("plain words only", random)).toBe("plain words only");
});

test("scriptOf() goes by most letters", () => {
  expect(["Рeклама abc", "hello мир there", "سلام ok", "日本語です abc", "12:30"].map(scriptOf)).toEqual([
    "Cyrillic",
    "Latin",
    "Arabic",
    "other",
    "Latin",
  ]);
});
