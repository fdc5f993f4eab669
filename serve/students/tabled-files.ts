import { encoderFile } from "../../src/contract/graph-files.ts";
import type { Manifest } from "../../src/contract/manifest.ts";

/** Files whose tables all threads share: the encoder, then what it reads of n-grams, if anything. */
export function tabledFiles({ ngrams }: Manifest): string[] {
  return [encoderFile, ...(ngrams ? [ngrams.file] : [])];
}

/** Bytes that such a file takes where the next one follows: tables are read by words of four. */
export function roundUp(bytes: number): number {
  return 4 * Math.ceil(bytes / 4);
}
