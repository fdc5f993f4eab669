import { invariant } from "../invariant.ts";

/** Padded token ids: `ids` int32 [rows, tokens], `mask` float32 [rows, tokens] (1 text, 0 padding), both row-major. */
export interface Batch {
  readonly rows: number;
  readonly tokens: number;
  readonly ids: Int32Array;
  readonly mask: Float32Array;
}

/** Pads sequences to the longest of them. Sort by length before, so that little of the batch is padding. */
export function toBatch(sequences: readonly Int32Array[], padId: number): Batch {
  invariant(sequences.length > 0, "a batch needs a row");
  const rows = sequences.length;
  const tokens = Math.max(...sequences.map((s) => s.length));
  const ids = new Int32Array(rows * tokens).fill(padId);
  const mask = new Float32Array(rows * tokens);
  sequences.forEach((sequence, row) => {
    ids.set(sequence, row * tokens);
    mask.fill(1, row * tokens, row * tokens + sequence.length);
  });
  return { rows, tokens, ids, mask };
}
