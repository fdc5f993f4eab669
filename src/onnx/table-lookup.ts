import { must } from "../invariant.ts";
import type { Blocks, Table } from "./lift-tables.ts";
import { createRowMeans } from "./row-means.ts";
import { type Feeds, Tensor } from "./session.ts";

/** What is done outside of a graph in the place of its lookup. */
export interface TableLookup {
  /** The input that it makes. */
  readonly name: string;
  /** Rows of these ids in their order: [ids, width], or [batch, tokens, width] where they are decoded; or their mean [batch, width]. */
  readonly valueFor: (ids: Tensor, feeds: Feeds) => Tensor;
}

export function createLookup(table: Table): TableLookup {
  const lookUp = lookupIn(table);
  return {
    name: table.name,
    valueFor: (ids, feeds) => {
      checkIds(ids.data as Int32Array, table.rows);
      return lookUp(ids, feeds);
    },
  };
}

function lookupIn(table: Table): TableLookup["valueFor"] {
  const { blocks, mask } = table;
  if (blocks === null) return copying(table);
  return mask === null ? decoding(table, blocks) : averaging(table, blocks, mask);
}

/** What lies behind a table is no row of it. */
function checkIds(ids: Int32Array, rows: number): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    if (id < 0 || id >= rows) throw new Error(`id ${id} of a table with ${rows} rows`);
  }
}

const arrays = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array } as const;

function copying({ type, width, bytes }: Table): TableLookup["valueFor"] {
  const rowBytes = width * arrays[type].BYTES_PER_ELEMENT;
  // Four bytes at a time where rows allow it; a call for each row would cost more than copying it.
  const inWords = rowBytes % 4 === 0 && bytes.byteOffset % 4 === 0;
  const table = inWords ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) : bytes;
  return ({ data, size }) => {
    const ids = data as Int32Array;
    const rows = new ArrayBuffer(size * rowBytes);
    if (inWords) copyRows(table, rowBytes / 4, ids, new Int32Array(rows));
    else copyRows(table, rowBytes, ids, new Uint8Array(rows));
    return new Tensor(type, new arrays[type](rows) as Float32Array, [size, width]);
  };
}

function copyRows(table: Int32Array | Uint8Array, width: number, ids: Int32Array, rows: Int32Array | Uint8Array): void {
  let to = 0;
  for (let i = 0; i < ids.length; i++) {
    let from = (ids[i] as number) * width;
    for (const end = to + width; to < end; to++, from++) rows[to] = table[from] as number;
  }
}

function decoding({ width, bytes }: Table, { size, scales: scaleBytes }: Blocks): TableLookup["valueFor"] {
  const scales = toFloats(scaleBytes);
  const blocks = Math.ceil(width / size);
  return ({ data, dims }) => {
    const ids = data as Int32Array;
    const rows = new Float32Array(ids.length * width);
    let to = 0;
    for (let i = 0; i < ids.length; i++) {
      let from = ((ids[i] as number) * width) / 2;
      for (let block = 0; block < blocks; block++) {
        const scale = scales[(ids[i] as number) * blocks + block] as number;
        for (const end = to + Math.min(size, width - block * size); to < end; to += 2) {
          const byte = bytes[from++] as number;
          rows[to] = ((byte & 15) - 8) * scale;
          rows[to + 1] = ((byte >> 4) - 8) * scale;
        }
      }
    }
    return new Tensor("float32", rows, [...dims, width]);
  };
}

/** Σ mask · row / Σ mask of each text. */
function averaging(table: Table, { scales }: Blocks, mask: string): TableLookup["valueFor"] {
  const means = createRowMeans({ ...table, words: toWords(table.bytes), scales: toFloats(scales) });
  return ({ data, dims }, feeds) => {
    const [texts, tokens] = dims as [number, number];
    const weights = must(feeds[mask], `input ${mask}`).data as Float32Array;
    return new Tensor("float32", means({ ids: data as Int32Array, weights, texts, tokens }), [texts, table.width]);
  };
}

/** A view where the bytes lie on a multiple of four, else a copy. */
function toFloats(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, length } = onFours(bytes);
  return new Float32Array(buffer, byteOffset, length / 4);
}

function toWords(bytes: Uint8Array): Int32Array {
  const { buffer, byteOffset, length } = onFours(bytes);
  return new Int32Array(buffer, byteOffset, length / 4);
}

function onFours(bytes: Uint8Array): Uint8Array {
  // Not slice(): a Buffer, which files are read into, gives a view for it.
  return bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
}
