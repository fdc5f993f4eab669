import { join } from "node:path";
import type { Ngrams } from "../../src/contract/manifest.ts";
import { withNgrams } from "../../src/ngrams/with-ngrams.ts";
import { openGraph } from "../../src/onnx/open-graph.ts";
import type { Session } from "../../src/onnx/session.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";

export interface EncoderOptions {
  readonly tokenizer: Tokenizer;
  /** Of the manifest; where there is none yet, or the student reads none: its pieces alone are read. */
  readonly ngrams?: Ngrams | undefined;
  readonly threads: number;
}

/** Opens the encoder in a student's folder, with its n-grams. */
export async function openEncoder(folder: string, { tokenizer, ngrams, threads }: EncoderOptions): Promise<Session> {
  const encoder = await openGraph(join(folder, "model.onnx"), { threads });
  if (ngrams === undefined) return encoder;
  const session = await openGraph(join(folder, ngrams.file), { threads });
  return withNgrams(encoder, session, ngrams, tokenizer.pieceOf);
}
