/**
 * Thousands in groups, or digits in a row; then decimals. BERT's pieces have a space on both sides of a mark. A year is not joined with what
 * it stands before: a first group has three digits at the most.
 */
const numbers =
  /\p{Nd}{1,3}(?:(?:[.,\s]|\s[.,]\s)\p{Nd}{3})+(?!\p{Nd})(?:(?:[.,]|\s[.,]\s)\p{Nd}+)?|\p{Nd}+(?:(?:[.,]|\s[.,]\s)\p{Nd}+)?/gu;

/** Numbers as ASCII digits, without what groups their thousands, and with one decimal mark: languages differ in both. */
export function numbersIn(text: string): string[] {
  const found = text.match(numbers) ?? [];
  return found.map((number) =>
    number
      .replace(/\p{Nd}/gu, toAscii)
      .replace(/\s?[.,\s]\s?(?=\d{3}(?!\d))/g, "")
      .replace(/\s?[.,]\s?/, "."),
  );
}

/** Decimal digits lie in tens, in order, in every script. */
function toAscii(digit: string): string {
  const code = digit.codePointAt(0) as number;
  if (code < 0x80) return digit;
  let zero = code;
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return String(code - zero);
}
