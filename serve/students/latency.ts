/**
 * Tokens of a text, guessed from its characters: the exact count is known only after the worker's tokeniser has run, and
 * choosing a student and filling a batch must cost next to nothing.
 */
export function estimateTokens(text: string, maxTokens: number): number {
  let tokens = specialTokens;
  for (let i = 0; i < text.length && tokens < maxTokens; i++) tokens += tokensPerUnit(text.charCodeAt(i));
  return Math.min(maxTokens, Math.ceil(tokens));
}

const specialTokens = 2;

/**
 * Of UTF-16 units, fitted on sentences in 128 languages: the guess is within a third of the truth for 9 of 10 languages.
 * Ideographs and kana carry more than letters do, and ASCII letters less than the others.
 */
function tokensPerUnit(unit: number): number {
  if (unit < 0x80) return 0.26;
  return unit >= 0x2e80 && unit < 0xd800 ? 0.75 : 0.34;
}
