import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { encoderFile } from "../../src/contract/graph-files.ts";
import { must } from "../../src/invariant.ts";
import { type LiftedGraph, liftTables, type Table } from "../../src/onnx/lift-tables.ts";
import type { TokenizerParts } from "../../src/text/create-tokenizer.ts";
import type { SharedStudent, StudentFiles } from "../engine/student-batch.ts";
import { BadStudentError, blame } from "./load-failure.ts";
import { roundUp, tabledFiles } from "./tabled-files.ts";

/** A student without its tokeniser, which takes longer to read than all the rest and is often the same in several. */
export type ReadGraphs = Omit<SharedStudent, "tokenizer">;

/** Both halves in this thread. @throws {BadStudentError} */
export async function readStudent(files: StudentFiles, memory: SharedArrayBuffer): Promise<SharedStudent> {
  return { ...readGraphs(files, memory), tokenizer: await readTokenizerOf(files) };
}

/**
 * Reads a student's files once, for all threads. What is checked is what is used: each file is hashed as it lies in memory, so
 * a file that changes later, or vanishes, changes nothing.
 * @param memory what the graphs with tables are read into, one after another (`tabledFiles`): it has room for all of them.
 * @throws {BadStudentError} naming the file that is missing, damaged or of another kind than it should be.
 */
export function readGraphs(files: StudentFiles, memory: SharedArrayBuffer): ReadGraphs {
  const { manifest } = files;
  const read = (name: string) => readChecked(files, name);
  const tabled = tabledFiles(manifest);
  const heads = new Set(manifest.tasks.map(({ file }) => file).filter((file) => file !== encoderFile));
  const used = [...tabled, ...heads];
  for (const name of Object.keys(manifest.files)) if (!used.includes(name)) read(name);
  let start = 0;
  const [encoder, ngrams] = tabled.map((name) => {
    const bytes = readChecked(files, name, new Uint8Array(memory, start));
    start += roundUp(bytes.length);
    return blame("graph", () => shareGraph(bytes));
  });
  const graphs = new Map([...heads].map((file) => [file, { model: read(file), tables: [] }]));
  return { ...files, memory, encoder: must(encoder), ...(ngrams && { ngrams }), heads: graphs };
}

/** @throws {BadStudentError} as `readGraphs` does. */
export async function readTokenizerOf(files: StudentFiles): Promise<TokenizerParts> {
  const bytes = readChecked(files, "tokenizer.json");
  const { readTokenizerParts } = await loadTokenizerReader();
  return blame("tokenizer", () => readTokenizerParts(join(files.folder, "tokenizer.json"), bytes));
}

/** Imported where it is needed: it brings schemas with it that take longer to load than a student whose tokeniser is known. */
export function loadTokenizerReader() {
  return import("../../src/text/read-tokenizer.ts");
}

/** A file's bytes, when length and hash are the manifest's. */
function readChecked({ folder, manifest }: StudentFiles, name: string, room?: Uint8Array): Uint8Array {
  const path = join(folder, name);
  const expected = must(manifest.files[name]);
  const bytes = readWhole(path, room);
  if (bytes.length !== expected.bytes)
    throw new BadStudentError(`${path}: ${bytes.length} bytes, the manifest says ${expected.bytes}`, {
      reason: "checksum",
    });
  if (createHash("sha256").update(bytes).digest("hex") !== expected.sha256)
    throw new BadStudentError(`${path}: its sha256 is not the manifest's`, { reason: "checksum" });
  return bytes;
}

/** A file that has grown since the room was made for it is read as far as there is room. */
function readWhole(path: string, room?: Uint8Array): Uint8Array {
  try {
    const file = openSync(path, "r");
    try {
      return fill(file, room ?? new Uint8Array(fstatSync(file).size));
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new BadStudentError(`${path}: ${(cause as Error).message}`, { reason: "missing", cause });
  }
}

/** What could be read: less than there is room for when the file was cut meanwhile. */
function fill(file: number, bytes: Uint8Array): Uint8Array {
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(file, bytes, length, bytes.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** The tables stay where they were read; the rest is copied out, since the runtime takes no shared memory. */
function shareGraph(bytes: Uint8Array): LiftedGraph {
  const { model, tables } = liftTables(bytes);
  return { model: model.slice(), tables: tables.map(aligned) };
}

function aligned(table: Table): Table {
  const blocks = table.blocks && { ...table.blocks, scales: toAligned(table.blocks.scales) };
  return { ...table, bytes: toAligned(table.bytes), blocks };
}

/** Moves bytes down to a multiple of four, so that rows can be copied by words. What lies before a table is its tag. */
function toAligned(bytes: Uint8Array): Uint8Array {
  const start = bytes.byteOffset - (bytes.byteOffset % 4);
  const moved = new Uint8Array(bytes.buffer, start, bytes.length);
  moved.set(bytes);
  return moved;
}
