import { readFileSync } from "node:fs";
import * as z from "zod";
import { BadFileError } from "../errors.ts";
import { createTokenizer, type TokenizerParts } from "./create-tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { type TokenizerJson, tokenizerJson, wordPieceJson } from "./tokenizer-json.ts";
import { readUnigram } from "./unigram.ts";

/**
 * The tokeniser of a `tokenizer.json`: Unigram as XLM-R's, or WordPiece as BERT's. Throws BadFileError when the file is missing,
 * damaged or of another kind.
 */
export function readTokenizer(path: string): Tokenizer {
  return named(path, () => createTokenizer(readTokenizerParts(path)));
}

/** The same, before it is built: several threads can build it from one reading. */
export function readTokenizerParts(path: string, bytes: Uint8Array | null = null): TokenizerParts {
  const content = parse(path, bytes);
  return named(path, () =>
    kindOf(content) === "WordPiece"
      ? { kind: "WordPiece", json: checked(path, wordPieceJson, content) }
      : readUnigram(unigramJson(path, content, "only Unigram and WordPiece are read")),
  );
}

/** Puts the path before a message that does not have it yet. */
function named<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BadFileError) || error.message.startsWith(path)) throw error;
    throw new BadFileError(`${path}: ${error.message}`, { cause: error });
  }
}

/** The checked content of a Unigram's file. Throws BadFileError; the message names the model's type when it is another. */
export function readTokenizerJson(path: string): TokenizerJson {
  return unigramJson(path, parse(path, null), "only Unigram is read here");
}

function unigramJson(path: string, content: unknown, otherwise: string): TokenizerJson {
  const kind = kindOf(content);
  if (kind !== undefined && kind !== "Unigram") {
    throw new BadFileError(`${path}: the tokeniser's model is ${kind}; ${otherwise}`);
  }
  return checked(path, tokenizerJson, content);
}

function kindOf(content: unknown): string | undefined {
  const kind = z.object({ model: z.object({ type: z.string() }) }).safeParse(content);
  return kind.success ? kind.data.model.type : undefined;
}

function checked<T>(path: string, schema: z.ZodType<T>, content: unknown): T {
  const result = schema.safeParse(content);
  if (!result.success) throw new BadFileError(`${path}: ${z.prettifyError(result.error)}`, { cause: result.error });
  return result.data;
}

function parse(path: string, bytes: Uint8Array | null): unknown {
  try {
    return JSON.parse(bytes === null ? readFileSync(path, "utf8") : toText(bytes));
  } catch (error) {
    throw new BadFileError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Not by TextDecoder, which takes no shared memory. */
function toText({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}
