import { must } from "../invariant.ts";
import type { Blocks, LiftedGraph, Table } from "./lift-tables.ts";
import { type Feeds, openSession, type Session, type SessionOptions, Tensor } from "./session.ts";

/**
 * A session of a graph as it was before its tables were taken out: it is given ids, and looks their rows up itself. This is how
 * students are served, judged and timed.
 * @throws whatever the runtime throws on a damaged model.
 */
export async function openLifted({ model, ids, tables }: LiftedGraph, options: SessionOptions): Promise<Session> {
  const session = await openSession(model, options);
  if (tables.length === 0) return session;
  const lookups = tables.map(createLookup);
  const own = new Set(tables.map(({ name }) => name));
  const inputNames = session.inputNames.filter((name) => !own.has(name));
  const counts = session.inputNames.includes(ids);
  return {
    inputNames: counts ? inputNames : [ids, ...inputNames],
    outputNames: session.outputNames,
    release: () => session.release(),
    run: (feeds, fetches) => session.run(withRows(feeds, { ids, counts }, lookups), fetches),
  };
}

/** Ids that the graph still wants count the batch's own rows: the first token has the first row. */
function withRows(
  feeds: Feeds,
  { ids: name, counts }: { readonly ids: string; readonly counts: boolean },
  lookups: readonly Lookup[],
): Feeds {
  const { [name]: given, ...own } = feeds as Record<string, Tensor>;
  const ids = must(given, `input ${name}`);
  for (const lookup of lookups) own[lookup.name] = lookup.rowsOf(ids);
  if (counts) own[name] = new Tensor("int32", counting(ids.size), ids.dims);
  return own;
}

interface Lookup {
  readonly name: string;
  /** Rows of these ids, in their order: [ids, width], or [batch, tokens, width] where they are decoded. */
  rowsOf(ids: Tensor): Tensor;
}

function createLookup(table: Table): Lookup {
  const rowsOf = table.blocks === null ? copying(table) : decoding(table, table.blocks);
  return {
    name: table.name,
    rowsOf: (ids) => {
      checkIds(ids.data as Int32Array, table.rows);
      return rowsOf(ids);
    },
  };
}

/** What lies behind a table is no row of it. */
function checkIds(ids: Int32Array, rows: number): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    if (id < 0 || id >= rows) throw new RangeError(`id ${id} of a table with ${rows} rows`);
  }
}

const arrays = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array } as const;

function copying({ type, width, bytes }: Table): Lookup["rowsOf"] {
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

function decoding({ width, bytes }: Table, { size, scales: scaleBytes }: Blocks): Lookup["rowsOf"] {
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

/** A view where the bytes lie on a multiple of four, else a copy. */
function toFloats(bytes: Uint8Array): Float32Array {
  if (bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  // Not slice(): a Buffer, which files are read into, gives a view for it.
  return new Float32Array(new Uint8Array(bytes).buffer);
}

let count = new Int32Array(1024).map((_, i) => i);

/** 0, 1, 2, …: a view that nobody may write to. */
function counting(length: number): Int32Array {
  if (count.length < length) count = new Int32Array(2 * length).map((_, i) => i);
  return count.subarray(0, length);
}
