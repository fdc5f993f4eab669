import type { Weights } from "./weights.ts";

/** Copies, and the buffer of each: what another thread is handed. Views would take all that lies beside them along. */
export function copyWeights(weights: Weights): { readonly weights: Weights; readonly buffers: readonly ArrayBuffer[] } {
  const copies = [...weights].map(([name, { dims, data }]) => ({ name, dims, data: new Float32Array(data) }));
  return {
    weights: new Map(copies.map(({ name, dims, data }) => [name, { dims, data }])),
    buffers: copies.map(({ data }) => data.buffer),
  };
}
