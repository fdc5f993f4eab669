import { must } from "../../src/invariant.ts";
import type { Weight } from "./weights.ts";

/** An int8 matrix with one scale a column (matrices) or a row (token tables): value = scale · integer. */
export interface QuantizedMatrix {
  readonly dims: readonly number[];
  readonly data: Int8Array;
  readonly scales: Float32Array;
}

/**
 * Symmetric weights of 7 bits a column. The eighth bit is left out on purpose: without VNNI the runtime adds two products
 * of uint8 and int8 in a saturating int16, which 255 · 127 · 2 overflows and 255 · 63 · 2 does not.
 */
const matrixLimit = 63;
const tableLimit = 127;

/** Quantises [inputs, outputs] with a scale for each output column. */
export function quantizeColumns(weight: Weight): QuantizedMatrix {
  const columns = must(weight.dims[1]);
  const scales = largest(weight.data, (i) => i % columns, columns).map((top) => top / matrixLimit || 1);
  const data = Int8Array.from(weight.data, (x, i) => Math.round(x / must(scales[i % columns])));
  return { dims: weight.dims, data, scales };
}

/** Quantises a token table [vocabulary, width] with a scale for each row. */
export function quantizeRows(weight: Weight): QuantizedMatrix {
  const [rows, width] = [must(weight.dims[0]), must(weight.dims[1])];
  const scales = largest(weight.data, (i) => Math.floor(i / width), rows).map((top) => top / tableLimit || 1);
  const data = new Int8Array(weight.data.length);
  for (let i = 0; i < data.length; i++)
    data[i] = Math.round(must(weight.data[i]) / must(scales[Math.floor(i / width)]));
  return { dims: weight.dims, data, scales };
}

function largest(data: Float32Array, groupOf: (index: number) => number, groups: number): Float32Array {
  const top = new Float32Array(groups);
  for (let i = 0; i < data.length; i++) {
    const group = groupOf(i);
    top[group] = Math.max(must(top[group]), Math.abs(must(data[i])));
  }
  return top;
}
