import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { ManifestTask } from "../src/contract/manifest.ts";
import { BadFileError } from "../src/errors.ts";
import { must } from "../src/invariant.ts";
import { openSession, type Session } from "../src/onnx/session.ts";
import { readTokenizer } from "../src/text/read-tokenizer.ts";
import type { Tokenizer } from "../src/text/tokenizer.ts";
import { runBatch } from "./run-batch.ts";
import type { LoadedStudent, StudentFiles } from "./student-batch.ts";

/** @throws {BadFileError} naming the file that is missing, damaged or of another shape than its manifest says. */
export async function openStudent(files: StudentFiles): Promise<LoadedStudent> {
  const { folder, manifest } = files;
  for (const name of Object.keys(manifest.files)) verify(files, name);
  const pairTasks = manifest.tasks.filter((task) => task.input === "pair");
  const student: LoadedStudent = {
    manifest,
    maxTokens: files.maxTokens,
    tokenizer: sharedTokenizer(files),
    encoder: await openGraph(join(folder, "model.onnx")),
    pairHeads: new Map(
      await Promise.all(pairTasks.map(async ({ name, file }) => [name, await openGraph(join(folder, file))] as const)),
    ),
  };
  await warmUp(student);
  return student;
}

/** Compares a file's length and hash with the manifest's. */
function verify({ folder, manifest }: StudentFiles, name: string): void {
  const path = join(folder, name);
  const expected = must(manifest.files[name]);
  const { bytes, sha256 } = readHash(path);
  if (bytes !== expected.bytes) throw new BadFileError(`${path}: ${bytes} bytes, the manifest says ${expected.bytes}`);
  if (sha256 !== expected.sha256) throw new BadFileError(`${path}: its sha256 is not the manifest's`);
}

/** Reads in pieces: as a whole, the files of all students in all threads would stay in memory for no use. */
function readHash(path: string): { bytes: number; sha256: string } {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(1 << 20);
  let bytes = 0;
  try {
    const file = openSync(path, "r");
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      hash.update(piece.subarray(0, read));
      bytes += read;
    }
    closeSync(file);
  } catch (cause) {
    throw new BadFileError(`${path}: ${(cause as Error).message}`, { cause });
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Tokenisers by the hash of their file: students of one search have the same, which takes longer to load than a student. */
const tokenizers = new Map<string, WeakRef<Tokenizer>>();

function sharedTokenizer({ folder, manifest }: StudentFiles): Tokenizer {
  const { sha256 } = must(manifest.files["tokenizer.json"]);
  const known = tokenizers.get(sha256)?.deref();
  if (known) return known;
  const tokenizer = readTokenizer(join(folder, "tokenizer.json"));
  tokenizers.set(sha256, new WeakRef(tokenizer));
  return tokenizer;
}

async function openGraph(path: string): Promise<Session> {
  try {
    return await openSession(path, { threads: 1 });
  } catch (cause) {
    throw new BadFileError(`${path}: the runtime refuses it: ${(cause as Error).message.split("\n")[0]}`, { cause });
  }
}

export async function releaseStudent(student: LoadedStudent): Promise<void> {
  await student.encoder.release();
  for (const head of student.pairHeads.values()) await head.release();
}

/** Runs every task at a few lengths: memory is then allocated, and a head of another shape than promised is found. */
async function warmUp(student: LoadedStudent): Promise<void> {
  for (const texts of [
    ["a", "b c"],
    ["a b c d e f g h i j k l m n o p", "a"],
  ]) {
    for (const task of student.manifest.tasks) {
      const batch = { studentId: "", input: task.input, tasks: [task.name], texts, tokenBudget: 4096 };
      const { logits } = await runBatch(student, batch).catch((cause: Error) => {
        throw new BadFileError(`${task.file}: the warm-up of ${task.name} failed: ${cause.message}`, { cause });
      });
      checkShape(task, must(logits[task.name]).length, task.input === "pair" ? 1 : 2);
    }
  }
}

function checkShape(task: ManifestTask, length: number, items: number): void {
  if (length !== items * task.labels.length)
    throw new BadFileError(
      `${task.file}: ${length / items} logits for the ${task.labels.length} labels of ${task.name}`,
    );
}
