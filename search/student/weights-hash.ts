import { createHash, type Hash } from "node:crypto";
import type { Weights } from "./weights.ts";

/** Adds all numbers to a hash. */
export function addWeights(hash: Hash, weights: Weights): Hash {
  for (const { data } of weights.values()) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash;
}

/** Twelve hex digits over all numbers. */
export function weightsHash(weights: Weights): string {
  return addWeights(createHash("sha256"), weights).digest("hex").slice(0, 12);
}
