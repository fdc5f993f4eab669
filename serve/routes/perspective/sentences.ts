import { must } from "../../../src/invariant.ts";

/** Part of a text, in UTF-16 code units. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Rules of Unicode's Annex 29; they hardly differ between languages. */
const segmenter = new Intl.Segmenter("und", { granularity: "sentence" });

/** So many spans at most, of neighbours that lie together: as many in each as need be. */
export function joinNeighbours(spans: readonly Span[], most: number): Span[] {
  const together = Math.ceil(spans.length / most);
  const joined: Span[] = [];
  for (let i = 0; i < spans.length && most > 0; i += together) {
    const last = Math.min(i + together, spans.length) - 1;
    joined.push({ begin: must(spans[i]).begin, end: must(spans[last]).end });
  }
  return joined;
}

/**
 * A text's sentences without the blanks around them; blank ones are left out.
 * @param most how many are looked for: a text may have a million of them. @default all
 */
export function sentencesOf(text: string, most = Number.POSITIVE_INFINITY): Span[] {
  const spans: Span[] = [];
  for (const { segment, index } of segmenter.segment(text)) {
    if (spans.length >= most) break;
    const begin = index + segment.length - segment.trimStart().length;
    const end = index + segment.trimEnd().length;
    if (begin < end) spans.push({ begin, end });
  }
  return spans;
}
