import { type QuantizedBlocks, tableBlock } from "../../../search/student/quantize.ts";
import { must } from "../../../src/invariant.ts";

/** The numbers that a quantised table [rows, width] stands for. */
export function restoredTable(dims: readonly number[], { data, scales, blocks }: QuantizedBlocks): Float32Array {
  const [rows, width] = [must(dims[0]), must(dims[1])];
  return Float32Array.from({ length: rows * width }, (_, i) => {
    const nibble = (must(data[i >> 1]) >> (4 * (i & 1))) & 15;
    return (nibble - 8) * must(scales[Math.floor(i / width) * blocks + Math.floor((i % width) / tableBlock)]);
  });
}
