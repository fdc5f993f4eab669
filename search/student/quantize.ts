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
export function quantizeColumns({ dims, data }: Weight): QuantizedMatrix {
  const [rows, columns] = [must(dims[0]), must(dims[1])];
  const top = new Float32Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) top[c] = Math.max(top[c] as number, Math.abs(data[r * columns + c] as number));
  }
  const scales = top.map((x) => x / matrixLimit || 1);
  const out = new Int8Array(data.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      out[r * columns + c] = Math.round((data[r * columns + c] as number) / (scales[c] as number));
    }
  }
  return { dims, data: out, scales };
}

/** Quantises a token table [vocabulary, width] with a scale for each row. */
export function quantizeRows({ dims, data }: Weight): QuantizedMatrix {
  const [rows, width] = [must(dims[0]), must(dims[1])];
  const scales = new Float32Array(rows);
  const out = new Int8Array(data.length);
  for (let r = 0; r < rows; r++) {
    const end = (r + 1) * width;
    let top = 0;
    for (let i = r * width; i < end; i++) top = Math.max(top, Math.abs(data[i] as number));
    scales[r] = top / tableLimit || 1;
    for (let i = r * width; i < end; i++) out[i] = Math.round((data[i] as number) / (scales[r] as number));
  }
  return { dims, data: out, scales };
}
