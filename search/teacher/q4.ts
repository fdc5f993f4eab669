import { BadFileError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { type SafetensorsFile, type StoredTensor, toFloat32 } from "../graph/safetensors.ts";

/**
 * Matrices packed in 4 bits: `X.q4` U8 [rows, inputs / 2] and `X.scale` F16 [rows, inputs / 32]. Byte j of a row holds input
 * 2j in its low half and 2j + 1 in its high half; weight = (nibble − 8) · scale of its block of 32 inputs.
 */
const block = 32;

/** A float tensor of the file, unpacked where it is stored in 4 bits. */
export function readFloats(file: SafetensorsFile, name: string): { dims: readonly number[]; data: Float32Array } {
  if (!file.names.includes(`${name}.q4`)) {
    const tensor = file.read(name);
    return { dims: tensor.dims, data: toFloat32(tensor) };
  }
  const packed = file.read(`${name}.q4`);
  const scale = file.read(`${name}.scale`);
  const [rows, halves] = packed.dims;
  if (rows === undefined || halves === undefined || scale.dims.join() !== [rows, (halves * 2) / block].join()) {
    throw new BadFileError(`${file.path}: "${name}.scale" does not fit "${name}.q4"`);
  }
  const dims = [rows, halves * 2];
  return { dims, data: unpack(packed.bytes, toFloat32(scale)) };
}

function unpack(bytes: Uint8Array, scales: Float32Array): Float32Array {
  const out = new Float32Array(bytes.length * 2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    const scale = scales[Math.floor((2 * i) / block)] as number;
    out[2 * i] = ((byte & 15) - 8) * scale;
    out[2 * i + 1] = ((byte >> 4) - 8) * scale;
  }
  return out;
}

/** The given rows of a stored matrix, in that order; works on packed tensors and their scales alike. */
export function takeRows(tensor: StoredTensor, rows: ArrayLike<number>): StoredTensor {
  const rowBytes = tensor.bytes.length / must(tensor.dims[0]);
  const bytes = new Uint8Array(rows.length * rowBytes);
  for (let i = 0; i < rows.length; i++) {
    const from = must(rows[i]) * rowBytes;
    bytes.set(tensor.bytes.subarray(from, from + rowBytes), i * rowBytes);
  }
  return { type: tensor.type, dims: [rows.length, ...tensor.dims.slice(1)], bytes };
}
