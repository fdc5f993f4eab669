import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ManifestTask } from "../src/contract/manifest.ts";
import { BadFileError } from "../src/errors.ts";
import { must } from "../src/invariant.ts";
import { openSession, type Session } from "../src/onnx/session.ts";
import { readTokenizer } from "../src/text/read-tokenizer.ts";
import { runBatch } from "./run-batch.ts";
import type { LoadedStudent, StudentFiles } from "./student-batch.ts";

/** @throws {BadFileError} naming the file that is missing, damaged or of another shape than its manifest says. */
export async function openStudent(files: StudentFiles): Promise<LoadedStudent> {
  const { manifest } = files;
  const contents = await readVerified(files);
  const read = (name: string) => must(contents.get(name), name);
  const student: LoadedStudent = {
    manifest,
    maxTokens: files.maxTokens,
    tokenizer: readTokenizer(join(files.folder, "tokenizer.json")),
    encoder: await openGraph("model.onnx", read("model.onnx")),
    pairHeads: new Map(
      await Promise.all(
        manifest.tasks
          .filter((task) => task.input === "pair")
          .map(async (task) => [task.name, await openGraph(task.file, read(task.file))] as const),
      ),
    ),
  };
  await warmUp(student);
  return student;
}

/** Reads the files that the manifest lists. What is checked here are the very bytes that the sessions are opened from. */
async function readVerified({ folder, manifest }: StudentFiles): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  for (const [name, expected] of Object.entries(manifest.files)) {
    const bytes = await readFile(join(folder, name)).catch((cause: Error) => {
      throw new BadFileError(`${join(folder, name)}: ${cause.message}`, { cause });
    });
    if (bytes.length !== expected.bytes)
      throw new BadFileError(`${join(folder, name)}: ${bytes.length} bytes, the manifest says ${expected.bytes}`);
    if (createHash("sha256").update(bytes).digest("hex") !== expected.sha256)
      throw new BadFileError(`${join(folder, name)}: its sha256 is not the manifest's`);
    contents.set(name, bytes);
  }
  return contents;
}

async function openGraph(name: string, bytes: Uint8Array): Promise<Session> {
  try {
    return await openSession(bytes, { threads: 1 });
  } catch (cause) {
    throw new BadFileError(`${name}: the runtime refuses it: ${(cause as Error).message.split("\n")[0]}`, { cause });
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
