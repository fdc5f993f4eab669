import { join } from "node:path";
import { encoderFile } from "../../src/contract/graph-files.ts";
import type { Ngrams } from "../../src/contract/manifest.ts";
import { openWithNgrams } from "../../src/ngrams/with-ngrams.ts";
import type { LiftedGraph } from "../../src/onnx/lift-tables.ts";
import { openLifted } from "../../src/onnx/lifted-session.ts";
import { readLifted } from "../../src/onnx/open-graph.ts";
import type { Session } from "../../src/onnx/session.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";

export interface EncoderOptions {
  readonly tokenizer: Tokenizer;
  /** Of the manifest; where there is none yet, or the student reads none: its pieces alone are read. */
  readonly ngrams?: Ngrams | undefined;
  readonly threads: number;
}

/** Opens the encoder in a student's folder, with its n-grams. @throws {BadFileError} when a graph of it is damaged. */
export async function openEncoder(folder: string, { tokenizer, ngrams, threads }: EncoderOptions): Promise<Session> {
  const read = (file: string) => readLifted(join(folder, file));
  const open = (graph: LiftedGraph) => openLifted(graph, { threads });
  const encoder = read(encoderFile);
  if (ngrams === undefined) return await open(encoder);
  return await openWithNgrams({ encoder, graph: read(ngrams.file) }, ngrams, tokenizer.pieceOf, open);
}
