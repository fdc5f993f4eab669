import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { z } from "zod";
import { BadFileError } from "../../src/errors.ts";
import { replaceBy } from "../../src/replace-file.ts";

/**
 * The safetensors format: eight bytes of header length, a JSON header, raw little-endian tensors.
 * https://github.com/huggingface/safetensors#format
 */
const bytesPerElement = { F32: 4, F16: 2, BF16: 2, U8: 1, I8: 1, I32: 4, U32: 4, I64: 8 } as const;
type StoredType = keyof typeof bytesPerElement;

const Header = z.record(
  z.string(),
  z.object({
    dtype: z.enum(Object.keys(bytesPerElement) as [StoredType, ...StoredType[]]),
    shape: z.array(z.int().nonnegative()),
    data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
  }),
);

export interface StoredTensor {
  readonly type: StoredType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** An open safetensors file: names at hand, bytes read on demand. */
export interface SafetensorsFile {
  readonly path: string;
  readonly names: readonly string[];
  /** @throws {BadFileError} when there is no such tensor. */
  read(name: string): StoredTensor;
}

/** Bytes that are written or read at once: Node counts them in 32 bits with a sign, and a tensor may have more. */
const chunk = 2 ** 30;

/**
 * Reads the header.
 * @param chunkBytes most that are read at once
 * @throws {BadFileError} when the file is missing, cut short or not in this format.
 */
export function openSafetensors(path: string, chunkBytes = chunk): SafetensorsFile {
  const { header, start } = readHeader(path);
  return {
    path,
    names: Object.keys(header),
    read(name) {
      const entry = header[name];
      if (!entry) throw new BadFileError(`${path}: there is no tensor "${name}"`);
      const [from, to] = entry.data_offsets;
      return { type: entry.dtype, dims: entry.shape, bytes: readBytes(path, start + from, to - from, chunkBytes) };
    },
  };
}

function readHeader(path: string) {
  const length = Number(new DataView(readBytes(path, 0, 8).buffer).getBigUint64(0, true));
  if (length > 100_000_000) throw new BadFileError(`${path}: not a safetensors file`);
  const text = new TextDecoder().decode(readBytes(path, 8, length));
  try {
    const { __metadata__: _, ...entries } = JSON.parse(text) as Record<string, unknown>;
    const header = Header.parse(entries);
    for (const [name, entry] of Object.entries(header)) checkEntry(path, name, entry);
    checkLength(path, 8 + length + Math.max(0, ...Object.values(header).map((entry) => entry.data_offsets[1])));
    return { header, start: 8 + length };
  } catch (cause) {
    if (cause instanceof BadFileError) throw cause;
    throw new BadFileError(`${path}: the safetensors header is damaged`, { cause });
  }
}

function checkEntry(path: string, name: string, entry: z.infer<typeof Header>[string]): void {
  const [from, to] = entry.data_offsets;
  const expected = entry.shape.reduce((a, b) => a * b, 1) * bytesPerElement[entry.dtype];
  if (to - from !== expected)
    throw new BadFileError(`${path}: tensor "${name}" has ${to - from} bytes, not ${expected}`);
}

/** A file that a broken download cut short fails when it is opened, not when its last tensor is read. */
function checkLength(path: string, expected: number): void {
  const { size } = statSync(path);
  if (size < expected) throw new BadFileError(`${path}: is cut short (${size} of ${expected} bytes)`);
}

function readBytes(path: string, position: number, length: number, chunkBytes = chunk): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const file = openToRead(path);
  try {
    const got = fill(file, bytes, position, chunkBytes);
    if (got !== length) throw new BadFileError(`${path}: is cut short (${got} of ${length} bytes at ${position})`);
    return bytes;
  } finally {
    closeSync(file);
  }
}

function openToRead(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new BadFileError(`${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Reads until all bytes are there or the file ends; how many it got. */
function fill(file: number, bytes: Uint8Array, position: number, chunkBytes: number): number {
  let done = 0;
  while (done < bytes.length) {
    const got = readSync(file, bytes, done, Math.min(chunkBytes, bytes.length - done), position + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

/** Float32 values of an F32, F16 or BF16 tensor. */
export function toFloat32(tensor: StoredTensor): Float32Array {
  const { type, bytes } = tensor;
  if (type === "F32") return new Float32Array(bytes.slice().buffer);
  const halves = new Uint16Array(bytes.slice().buffer);
  if (type === "F16") return Float32Array.from(halves, halfToNumber);
  if (type === "BF16") return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
  throw new BadFileError(`a tensor of type ${type} holds no floating-point numbers`);
}

/** IEEE 754 binary16 to a number. */
function halfToNumber(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Writes a file atomically: a reader sees the old one or the whole new one, also while others write the same.
 * @param chunkBytes most that are written at once
 */
export function writeSafetensors(path: string, tensors: ReadonlyMap<string, StoredTensor>, chunkBytes = chunk): void {
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { type, dims, bytes }] of tensors) {
    header[name] = { dtype: type, shape: dims, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  writeParts(path, [length, text, ...[...tensors.values()].map((tensor) => tensor.bytes)], chunkBytes);
}

/** A file of parts, one after another: joined first, they would take their memory twice. */
function writeParts(path: string, parts: readonly Uint8Array[], chunkBytes: number): void {
  replaceBy(path, (draft) => {
    const file = openSync(draft, "w");
    try {
      for (const part of parts) writeAll(file, part, chunkBytes);
    } finally {
      closeSync(file);
    }
  });
}

/** A disk that has just become full takes a part, and refuses the next with its reason. */
function writeAll(file: number, bytes: Uint8Array, chunkBytes: number): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(file, bytes, done, Math.min(chunkBytes, bytes.length - done));
}

/** A float32 array as a tensor to be written. */
export function fromFloat32(dims: readonly number[], data: Float32Array): StoredTensor {
  return { type: "F32", dims, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** Reads a whole file of float tensors. */
export function readFloatTensors(path: string): Map<string, { dims: readonly number[]; data: Float32Array }> {
  const file = openSafetensors(path);
  return new Map(
    file.names.map((name) => {
      const tensor = file.read(name);
      return [name, { dims: tensor.dims, data: toFloat32(tensor) }];
    }),
  );
}
