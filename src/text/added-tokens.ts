/**
 * Finds tokens that a tokeniser takes out of the text before anything else, such as `<mask>`: leftmost, then longest. Known
 * difference from the reference: a token marked `normalized` is looked for in the raw text too, so it is not found
 * where only normalising makes it (full-width "＜mask＞").
 */
import type { AddedToken } from "./tokenizer-json.ts";

export interface AddedTokenMatch {
  readonly id: number;
  /** Where the token's text lies, stripped white space included. */
  readonly start: number;
  readonly end: number;
}

/** The next token at or after `from`, or null. */
export type FindAddedToken = (text: string, from: number) => AddedTokenMatch | null;

export function findAddedTokens(tokens: readonly AddedToken[]): FindAddedToken {
  if (tokens.length === 0) return () => null;
  const byContent = new Map(tokens.map((token) => [token.content, token]));
  const longestFirst = [...byContent.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escaped).join("|"), "g");
  return (text, from) => {
    pattern.lastIndex = from;
    const match = pattern.exec(text);
    const token = match && byContent.get(match[0]);
    return token ? withStrippedSpace(text, from, match.index, token) : null;
  };
}

function withStrippedSpace(text: string, from: number, index: number, token: AddedToken): AddedTokenMatch {
  let start = index;
  let end = index + token.content.length;
  if (token.lstrip) while (start > from && isWhiteSpace(text, start - 1)) start--;
  if (token.rstrip) while (end < text.length && isWhiteSpace(text, end)) end++;
  return { id: token.id, start, end };
}

function isWhiteSpace(text: string, index: number): boolean {
  return /\p{White_Space}/u.test(text.charAt(index));
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
