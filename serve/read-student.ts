import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../src/invariant.ts";
import type { TokenizerParts } from "../src/text/create-tokenizer.ts";
import { type LiftedGraph, liftTables } from "./lift-tables.ts";
import { BadStudentError, blame, blameLater } from "./load-failure.ts";
import type { SharedStudent, StudentFiles } from "./student-batch.ts";

/**
 * Reads a student's files once, for all threads. What is checked is what is used: each file is hashed as it lies in memory, so
 * a file that changes later, or vanishes, changes nothing.
 * @param known the parts of its tokeniser, where another student has the same: it takes longer to read than a student.
 * @throws {BadStudentError} naming the file that is missing, damaged or of another kind than it should be.
 */
export async function readStudent(files: StudentFiles, known?: TokenizerParts): Promise<SharedStudent> {
  const { id, folder, manifest, maxTokens } = files;
  const pairTasks = manifest.tasks.filter((task) => task.input === "pair");
  const read = (name: string) => readChecked(files, name);
  const used = ["tokenizer.json", "model.onnx", ...pairTasks.map((task) => task.file)];
  const tokenizer = await blameLater("tokenizer", readTokenizer(files, known));
  const encoder = blame("graph", () => shareGraph(read("model.onnx")));
  const pairHeads = new Map(pairTasks.map(({ name, file }) => [name, { model: read(file), ids: "", tables: [] }]));
  for (const name of Object.keys(manifest.files)) if (!used.includes(name)) read(name);
  return { id, folder, manifest, maxTokens, tokenizer, encoder, pairHeads };
}

async function readTokenizer(files: StudentFiles, known?: TokenizerParts): Promise<TokenizerParts> {
  const bytes = readChecked(files, "tokenizer.json");
  return known ?? (await parseTokenizer(join(files.folder, "tokenizer.json"), bytes));
}

/** Imports the schemas only now: they take longer to load than a student whose tokeniser is known. */
async function parseTokenizer(path: string, bytes: Uint8Array): Promise<TokenizerParts> {
  const { readTokenizerParts } = await import("../src/text/read-tokenizer.ts");
  return readTokenizerParts(path, bytes);
}

/** A file's bytes, when length and hash are the manifest's. */
function readChecked({ folder, manifest }: StudentFiles, name: string): Uint8Array {
  const path = join(folder, name);
  const expected = must(manifest.files[name]);
  const bytes = readWhole(path);
  if (bytes.length !== expected.bytes)
    throw new BadStudentError(`${path}: ${bytes.length} bytes, the manifest says ${expected.bytes}`, {
      reason: "checksum",
    });
  if (createHash("sha256").update(bytes).digest("hex") !== expected.sha256)
    throw new BadStudentError(`${path}: its sha256 is not the manifest's`, { reason: "checksum" });
  return bytes;
}

function readWhole(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new BadStudentError(`${path}: ${(cause as Error).message}`, { reason: "missing", cause });
  }
}

function shareGraph(model: Uint8Array): LiftedGraph {
  const lifted = liftTables(model);
  return { ...lifted, tables: lifted.tables.map((table) => ({ ...table, bytes: toShared(table.bytes) })) };
}

/** A copy in memory that all threads see. */
function toShared(bytes: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}
