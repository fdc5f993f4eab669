import type { Random } from "../../src/random.ts";

/** Scripts that put no space between words. */
const unspacedScript =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}]/u;

/** The text's words; characters with their marks where words are not spaced. */
export function wordsOf(text: string): { words: string[]; joint: string } {
  return unspacedScript.test(text)
    ? { words: text.match(/\P{M}\p{M}*/gu) ?? [], joint: "" }
    : { words: text.split(/\s+/).filter((word) => word !== ""), joint: " " };
}

/**
 * A run of `least` to `most` words at a random place of the text; null when the text is not longer than that. Where
 * words are not spaced two characters stand for one.
 */
export function fragmentOf(text: string, least: number, most: number, random: Random): string | null {
  const { words, joint } = wordsOf(text);
  const wanted = (least + random.int(most - least + 1)) * (joint === "" ? 2 : 1);
  if (wanted >= words.length) return null;
  const start = random.int(words.length - wanted + 1);
  const fragment = words
    .slice(start, start + wanted)
    .join(joint)
    .trim();
  return /\p{L}/u.test(fragment) ? fragment : null;
}

/** The first words of a text; where words are not spaced two characters stand for one. */
export function firstWords(text: string, count: number): string {
  const { words, joint } = wordsOf(text);
  return words
    .slice(0, count * (joint === "" ? 2 : 1))
    .join(joint)
    .trim();
}
