import { must } from "../invariant.ts";
import { Tensor } from "./session.ts";

/** Rows of one width, at least one, below each other: [rows, width]. */
export function stacked(rows: readonly Float32Array[]): Tensor {
  const width = must(rows[0]).length;
  const data = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    data.set(row, i * width);
  });
  return new Tensor("float32", data, [rows.length, width]);
}
