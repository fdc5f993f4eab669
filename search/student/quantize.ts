import { invariant, must } from "../../src/invariant.ts";
import type { Weight } from "./weights.ts";

/** An int8 matrix with one scale a column: value = scale · integer. */
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

/** Of weights that are multiplied as floats, and only stored as integers. */
export const storedLimit = 127;

/**
 * No smaller, with seven bits of the 24 left free: products with integers of seven bits are then exact, so that a matrix that was restored
 * and is quantised again stays the same.
 */
function shortened(scale: number): number {
  const [bits = 0] = new Uint32Array(Float32Array.of(scale).buffer);
  const [rounded = 0] = new Float32Array(Uint32Array.of((bits + 127) & ~127).buffer);
  return rounded;
}

/** Quantises [inputs, outputs] with a scale for each output column, to integers of at most `limit`. */
export function quantizeColumns({ dims, data }: Weight, limit = matrixLimit): QuantizedMatrix {
  const [rows, columns] = [must(dims[0]), must(dims[1])];
  const top = new Float32Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) top[c] = Math.max(top[c] as number, Math.abs(data[r * columns + c] as number));
  }
  const scales = top.map((x) => shortened(x / limit) || 1);
  const out = new Int8Array(data.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      out[r * columns + c] = Math.round((data[r * columns + c] as number) / (scales[c] as number));
    }
  }
  return { dims, data: out, scales };
}

/** The weight that a quantised matrix stands for. */
export function restoreColumns({ dims, data, scales }: QuantizedMatrix): Weight {
  return { dims, data: Float32Array.from(data, (x, i) => x * (scales[i % scales.length] as number)) };
}

/** A token table in blocks of 4-bit numbers: value = scale · (nibble − 8), two nibbles a byte, the first in the low half. */
export interface QuantizedBlocks {
  /** [rows, width / 2]. */
  readonly data: Uint8Array;
  /** [rows, ⌈width / tableBlock⌉]. */
  readonly scales: Float32Array;
  readonly blocks: number;
}

/** Columns that share a scale. */
export const tableBlock = 32;

/** Quantises a token table [vocabulary, width] of even width: half the bytes of int8 at no loss of score that we could measure. */
export function quantizeBlocks({ dims, data }: Weight): QuantizedBlocks {
  const [rows, width] = [must(dims[0]), must(dims[1])];
  invariant(width % 2 === 0, "a token table has an even width");
  const blocks = Math.ceil(width / tableBlock);
  const out = new Uint8Array((rows * width) / 2);
  const scales = new Float32Array(rows * blocks);
  for (let r = 0; r < rows; r++) {
    for (let b = 0; b < blocks; b++) {
      const [start, end] = [r * width + b * tableBlock, r * width + Math.min(width, (b + 1) * tableBlock)];
      const scale = bestScale(data, start, end);
      scales[r * blocks + b] = scale;
      for (let i = start; i < end; i++)
        out[i >> 1] = (out[i >> 1] as number) | (toNibble(data[i] as number, scale) << (4 * (i & 1)));
    }
  }
  return { data: out, scales, blocks };
}

/** The token table [rows, width] that 4-bit numbers stand for. */
export function restoreBlocks(dims: readonly number[], { data, scales, blocks }: QuantizedBlocks): Weight {
  const [rows, width] = [must(dims[0]), must(dims[1])];
  const out = new Float32Array(rows * width);
  for (let i = 0; i < out.length; i++) {
    const nibble = ((data[i >> 1] as number) >> (4 * (i & 1))) & 15;
    const block = Math.floor(i / width) * blocks + Math.floor((i % width) / tableBlock);
    out[i] = (nibble - 8) * (scales[block] as number);
  }
  return { dims, data: out };
}

/** Where the largest number comes to lie, in steps; eight are there below zero and seven above. */
const anchors = [-8, -7.5, -7, 6.5, 7];

/** The scale with the least squared error among those that put the largest number of the block near an end of the range. */
function bestScale(data: Float32Array, start: number, end: number): number {
  let top = 0;
  for (let i = start; i < end; i++) if (Math.abs(data[i] as number) > Math.abs(top)) top = data[i] as number;
  if (top === 0) return 1;
  let [best, least] = [1, Number.POSITIVE_INFINITY];
  for (const anchor of anchors) {
    const scale = Math.fround(top / anchor);
    let error = 0;
    for (let i = start; i < end; i++)
      error += ((toNibble(data[i] as number, scale) - 8) * scale - (data[i] as number)) ** 2;
    if (error < least) [best, least] = [scale, error];
  }
  return best;
}

function toNibble(value: number, scale: number): number {
  return Math.max(0, Math.min(15, Math.round(value / scale) + 8));
}
