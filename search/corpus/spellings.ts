import type { Random } from "../../src/random.ts";

/** Ways in which the same word is typed, so that what was learnt of a language does not hang on its texts' typists. */

/** In Tongan, Tahitian or Uzbek they are in every second word. */
const apostrophes = ["'", "’", "‘", "ʻ", "ʼ"];

/** Cyrillic letters and the Latin ones that look like them; converted and scanned texts mix the two. */
const cyrillic = "аеосрхјіАЕОСРХЈІМТКВНу";
const latin = "aeocpxjiAEOCPXJIMTKBHy";

const [otherApostrophe, lookAlikes] = [0.5, 0.1];

/** The text with another apostrophe, and now and then with Latin letters for some Cyrillic ones. */
export function respelled(text: string, random: Random): string {
  const typed =
    random.next() < otherApostrophe
      ? text.replace(/['’‘ʻʼ]/g, apostrophes[random.int(apostrophes.length)] as string)
      : text;
  return random.next() < lookAlikes ? withLookAlikes(typed, random) : typed;
}

/** About half of the letters that have a twin, the same ones throughout the text, as a converter leaves them. */
function withLookAlikes(text: string, random: Random): string {
  const changed = new Set([...cyrillic].filter(() => random.next() < 0.5));
  return text.replace(/\p{sc=Cyrillic}/gu, (letter) =>
    changed.has(letter) ? (latin[cyrillic.indexOf(letter)] as string) : letter,
  );
}
