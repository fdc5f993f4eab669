/** Text to token ids. Every tokeniser of the project stands behind this. */
export interface Tokenizer {
  /** Rows a token table needs. */
  readonly vocabularySize: number;
  readonly padId: number;
  readonly unknownId: number;
  /**
   * Ids with the special tokens around them, at most `maxTokens` of them in all (specials included; when the text is
   * longer its tail is cut and `truncated` is true). Never throws on any string, lone surrogates and NUL included.
   */
  encode(text: string, maxTokens: number): Encoding;
  /** The text that a piece stands for, a space before the first of a word; only a space for special and unknown ids. */
  readonly pieceOf: (id: number) => string;
}

export interface Encoding {
  readonly ids: Int32Array;
  readonly truncated: boolean;
}
