import { readFileSync } from "node:fs";
import * as z from "zod";
import { BadFileError } from "../errors.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { type TokenizerJson, tokenizerJson } from "./tokenizer-json.ts";
import { createUnigram } from "./unigram.ts";

/** The tokeniser of a `tokenizer.json`. Throws BadFileError when the file is missing, damaged or of another kind. */
export function readTokenizer(path: string): Tokenizer {
  const json = readTokenizerJson(path);
  try {
    return createUnigram(json);
  } catch (error) {
    throw error instanceof BadFileError ? new BadFileError(`${path}: ${error.message}`, { cause: error }) : error;
  }
}

/** The file's checked content. Throws BadFileError; the message names the model's type when it is not Unigram. */
export function readTokenizerJson(path: string): TokenizerJson {
  const content = parse(path);
  const kind = z.object({ model: z.object({ type: z.string() }) }).safeParse(content);
  if (kind.success && kind.data.model.type !== "Unigram") {
    throw new BadFileError(`${path}: the tokeniser's model is ${kind.data.model.type}; only Unigram is read here`);
  }
  const checked = tokenizerJson.safeParse(content);
  if (!checked.success) throw new BadFileError(`${path}: ${z.prettifyError(checked.error)}`, { cause: checked.error });
  return checked.data;
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new BadFileError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}
