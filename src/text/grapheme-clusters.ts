/**
 * Where a grapheme cluster goes on (Unicode Annex 29, extended clusters), as far as the Precompiled normaliser can tell:
 * it looks at clusters of less than six UTF-8 bytes only. Hangul syllables, pairs of regional indicators and Indic
 * conjuncts are six bytes or longer and hold no mapped first character, so their rules are left out.
 *
 * The tables are Unicode 17 as PyPI tokenizers 0.23.3 has it (test/oracle/tokenizer/clusters.py reads them out of it), not
 * the running Node's, whose Unicode version varies.
 *
 * Ranges in base 36: distance from the end of the range before, then "+" and the range's length less one.
 */
const JOINER_RANGES =
  "lc+33 7o+6 7c+18 2 2+1 2+1 2 21+a 1d+k h 2u+6 3+5 3+1 2+3 10 v+q 2k+a 1n+8 a p+3 2+8 2+2 2+4 18+2 1o+8 17+n " +
  "2+w 1j+2 2+h 2+6 b+1 u+2 1l 2+6 3+1 3+2 a b+1 r 3+2 1l 2+4 5+1 3+2 4 v+1 4 c+2 1l 2+7 2+2 2+2 l+1 n+5 2+2 1l " +
  "2+6 3+1 3+2 8+2 b+1 v 1o+4 4+2 2+3 a 15+4 1k 2+6 2+2 2+3 8+1 c+1 u+2 1l 2+6 2+2 2+3 8+1 c+1 g d+3 1k+1 2+6 " +
  "2+2 2+3 a b+1 u+2 1z 5+5 2 2+7 j+1 1q 2+7 d+7 2r 2+9 c+6 22+1 s 2 2 5+1 1e+j 2+1 6+a 2+z a 2v+a 2+5 o+3 5+2 " +
  "h+3 e 2+2 7 g jk+2 qb+3 t+2 u+1 v+1 1t+v a 1a+2 2 3a+1 z 3b+b 5+b 64+4 1m+9 2 2 3+n 3 1d+19 3+b l+4 1c+g " +
  "13+8 d+2 v+c 1l+d 1d+j 49+2 2+k 5 7 3+2 5j+1r el+1 5f+w 2db+2 3y 2p+v ff+5 2y+1 n9x+3 2+9 x+1 29+1 7l 4 5 " +
  "o+4 5 2c+1 1f+h r+h e 13+7 q+c 19+3 1c+d 11 1w+d d 9+1 1b 1g 2+2 3+1 6+1 2 16+4 6+1 6l+7 2+1 fn5 ki+f h+f " +
  "a7+1 gu 6b 46+4 1af+2 2+1 6+3 15+2 5 4m+1 fy+3 1u+4 8u+1 26+5 1z+a 1e+3 3f+2 1i+e 16 3+1 b+3 1a+a 8 1q+2 " +
  "11+d h+1 19 d+2 1d+d 9+3 2+1 2l+b 7 3 4e+b m+3 1k+1 2+6 3+1 3+2 a b+1 3+6 4+4 1w+8 2 3 2+3 2+4 2 f+1 2b+h o " +
  "2a+j 6k+6 3+8 s+1 2b+g 2z+c 2u+2 3+9 75+e 6u+5 2+1 3+3 2 2+1 3y+6 3+6 4 t+9 15+6 2+3 9 a+a 1b+f 5j+7 5k+7 " +
  "2+7 2b+l 2+d 3f+5 4 2+1 2+6 2 1v+4 2+1 2+4 9o+3 a+1 2 1d+6 4+4 o 44m 7+e 8uh+h 1xd+4 1o+6 t5 2+1i 8+3 2a c+1 " +
  "f58+1 3mq+19 3+m f3+4 4+5 9+7 3+6 v+3 45+2 1j0+1i 5+1d 9 f n+4 2+e 11t+6 2+g 3+6 2+1 2+4 2t 4h+6 ag 1q+3 " +
  "e5+3 73+1 6s 3 8+1 6 d7+6 32+6 241+4 gx7l+2n 3l+6n";

const PREPEND_RANGES = "16o+5 60 1e ap+1 29 vg 1f8v g 6t+1 em 12m 2 8z+5 jh cc";

const PLANE = 0x10000;
const ZERO_WIDTH_JOINER = 0x200d;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

const joiners = toSet(JOINER_RANGES);
const prepends = toSet(PREPEND_RANGES);

/** The joining characters of the first plane: Extend, ZWJ and SpacingMark (to the one before), Prepend (to the one after), for tables over UTF-16 code units. */
export function joiningUnits(): number[] {
  return [...joiners, ...prepends].filter((codePoint) => codePoint < PLANE);
}

/** Whether the unit joins the one before it and nothing after it that would not join by itself: not so U+200D. */
export function joinsPlainly(unit: number): boolean {
  return joiners.has(unit) && unit !== ZERO_WIDTH_JOINER;
}

/** End (exclusive) of the cluster that starts at `start`, where a cluster starts; never past `end`. */
export function clusterEnd(text: string, start: number, end: number): number {
  let before = codePointAt(text, start);
  let next = start + unitsOf(before);
  while (next < end) {
    const codePoint = codePointAt(text, next);
    if (!isJoined(text, start, next, before, codePoint)) break;
    before = codePoint;
    next += unitsOf(codePoint);
  }
  return next;
}

/** The code point at `index`, where a lone surrogate reads as U+FFFD, as encoders to UTF-8 have it. */
export function codePointAt(text: string, index: number): number {
  const codePoint = text.codePointAt(index) ?? 0xfffd;
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint;
}

export function unitsOf(codePoint: number): number {
  return codePoint < PLANE ? 1 : 2;
}

function isJoined(text: string, start: number, at: number, before: number, codePoint: number): boolean {
  if (joiners.has(codePoint)) return !isControl(before);
  if (prepends.has(before)) return !isControl(codePoint);
  if (before === ZERO_WIDTH_JOINER) return isPictograph(codePoint) && endsInPictograph(text, start, at - 1);
  return before === CARRIAGE_RETURN && codePoint === LINE_FEED;
}

/** Rule GB11: emoji are joined by U+200D, extending characters between them or not. */
function endsInPictograph(text: string, start: number, end: number): boolean {
  for (let at = end; at > start; ) {
    const low = text.charCodeAt(at - 1);
    at -= low >= 0xdc00 && low <= 0xdfff && at - 2 >= start ? 2 : 1;
    const character = String.fromCodePoint(codePointAt(text, at));
    if (!/^[\p{Grapheme_Extend}\p{Emoji_Modifier}]$/u.test(character)) return isPictograph(codePointAt(text, at));
  }
  return false;
}

function isPictograph(codePoint: number): boolean {
  return /^\p{Extended_Pictographic}$/u.test(String.fromCodePoint(codePoint));
}

function isControl(codePoint: number): boolean {
  if (codePoint < 0x7f) return codePoint < 0x20;
  if (joiners.has(codePoint) || prepends.has(codePoint)) return false;
  return /^(?:[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?=\p{Cn})\p{Default_Ignorable_Code_Point})$/u.test(
    String.fromCodePoint(codePoint),
  );
}

function toSet(ranges: string): Set<number> {
  const set = new Set<number>();
  let at = 0;
  for (const range of ranges.split(" ")) {
    const [step = "", extra = "0"] = range.split("+");
    at += Number.parseInt(step, 36);
    for (const last = at + Number.parseInt(extra, 36); at <= last; at++) set.add(at);
    at--;
  }
  return set;
}
