import { must } from "../src/invariant.ts";
import { type Feeds, openSession, type Session, Tensor } from "../src/onnx/session.ts";
import type { LiftedGraph, Table } from "./lift-tables.ts";
import { blameLater } from "./load-failure.ts";

/**
 * A session of a graph as it was before its tables were taken out: it is given ids, and looks their rows up itself.
 * @throws {BadStudentError} when the runtime refuses the graph.
 */
export async function openGraph(path: string, { model, ids, tables }: LiftedGraph): Promise<Session> {
  const session = await blameLater("graph", open(path, model));
  if (tables.length === 0) return session;
  const lookups = tables.map(createLookup);
  const own = new Set(tables.map(({ name }) => name));
  return {
    inputNames: session.inputNames.filter((name) => !own.has(name)),
    outputNames: session.outputNames,
    release: () => session.release(),
    run: (feeds, fetches) => session.run(withRows(feeds, ids, lookups), fetches),
  };
}

async function open(path: string, model: Uint8Array): Promise<Session> {
  try {
    return await openSession(model, { threads: 1 });
  } catch (cause) {
    throw new Error(`${path}: the runtime refuses it: ${(cause as Error).message.split("\n")[0]}`, { cause });
  }
}

/** Ids count the batch's own rows from here on: the first token has the first row. */
function withRows(feeds: Feeds, idsName: string, lookups: readonly Lookup[]): Feeds {
  const ids = must(feeds[idsName]);
  const own: Record<string, Tensor> = { ...feeds };
  for (const { name, rowsOf } of lookups) own[name] = rowsOf(ids.data as Int32Array);
  own[idsName] = new Tensor("int32", counting(ids.size), ids.dims);
  return own;
}

interface Lookup {
  readonly name: string;
  /** Rows of these ids, in their order: [ids, width]. */
  rowsOf(ids: Int32Array): Tensor;
}

const arrays = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array } as const;

function createLookup({ name, type, width, bytes }: Table): Lookup {
  const rowBytes = width * arrays[type].BYTES_PER_ELEMENT;
  // Four bytes at a time where rows allow it; a call for each row would cost more than copying it.
  const inWords = rowBytes % 4 === 0 && bytes.byteOffset % 4 === 0;
  const table = inWords ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) : bytes;
  return {
    name,
    rowsOf: (ids) => {
      const rows = new ArrayBuffer(ids.length * rowBytes);
      if (inWords) copyRows(table, rowBytes / 4, ids, new Int32Array(rows));
      else copyRows(table, rowBytes, ids, new Uint8Array(rows));
      return new Tensor(type, new arrays[type](rows) as Float32Array, [ids.length, width]);
    },
  };
}

function copyRows(table: Int32Array | Uint8Array, width: number, ids: Int32Array, rows: Int32Array | Uint8Array): void {
  let to = 0;
  for (let i = 0; i < ids.length; i++) {
    let from = (ids[i] as number) * width;
    for (const end = to + width; to < end; to++, from++) rows[to] = table[from] as number;
  }
}

let count = new Int32Array(1024).map((_, i) => i);

/** 0, 1, 2, …: a view that nobody may write to. */
function counting(length: number): Int32Array {
  if (count.length < length) count = new Int32Array(2 * length).map((_, i) => i);
  return count.subarray(0, length);
}
