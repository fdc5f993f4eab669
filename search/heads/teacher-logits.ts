import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../src/invariant.ts";
import { taskOf } from "../../src/tasks/index.ts";
import { fromFloat32, openSafetensors, toFloat32, writeSafetensors } from "../graph/safetensors.ts";
import type { FineTunedTeacher } from "../teacher/fine-tune.ts";
import { type Logits, textLogits } from "./predict.ts";
import { teacherClassifier } from "./teacher-classifier.ts";

export interface TeacherLogitsOptions {
  readonly threads: number;
  /** Folder to keep them in, by content. */
  readonly cacheFolder: string;
  readonly onProgress: (doneTokens: number, totalTokens: number) => void;
}

/** Texts whose logits are kept in one file: what a killed run loses at most. */
const textsPerFile = 4096;

/**
 * Logits of the fine-tuned teacher for every task over single texts, in the order of `sequences`. Kept by content, a file for
 * every few thousand texts; a killed run goes on from the last file.
 */
export async function teacherLogits(
  teacher: FineTunedTeacher,
  sequences: readonly Int32Array[],
  options: TeacherLogitsOptions,
): Promise<ReadonlyMap<string, Logits>> {
  const tasks = teacher.tasks.filter((entry) => taskOf(entry).input === "text");
  const folder = join(options.cacheFolder, keyOf(teacher));
  mkdirSync(folder, { recursive: true });
  const total = tokensOf(sequences);
  const logits = new Map<string, Float32Array[]>(tasks.map(({ name }) => [name, []]));
  const running = lazily(() => teacherClassifier(teacher, options.threads, "int8"));
  let done = 0;
  for (let at = 0; at < sequences.length; at += textsPerFile) {
    const texts = sequences.slice(at, at + textsPerFile);
    const path = join(folder, `${digestOf(texts)}.safetensors`);
    if (!existsSync(path)) {
      const names = tasks.map(({ name }) => name);
      keep(path, await textLogits(await running.start(), texts, names));
    }
    for (const [task, rows] of read(path)) logits.get(task)?.push(...rows);
    done += tokensOf(texts);
    options.onProgress(done, total);
  }
  await running.started()?.release();
  return logits;
}

function keep(path: string, logits: ReadonlyMap<string, Logits>): void {
  const tensors = [...logits].map(([task, rows]) => {
    const width = must(rows[0]).length;
    const data = new Float32Array(rows.length * width);
    rows.forEach((row, i) => {
      data.set(row, i * width);
    });
    return [task, fromFloat32([rows.length, width], data)] as const;
  });
  writeSafetensors(path, new Map(tensors));
}

function read(path: string): [string, Float32Array[]][] {
  const file = openSafetensors(path);
  return file.names.map((name) => {
    const tensor = file.read(name);
    const data = toFloat32(tensor);
    const [rows, width] = [must(tensor.dims[0]), must(tensor.dims[1])];
    return [name, Array.from({ length: rows }, (_, i) => data.subarray(i * width, (i + 1) * width))];
  });
}

/** Starts something at its first use. */
function lazily<T>(create: () => Promise<T>): { start: () => Promise<T>; started: () => T | null } {
  let made: T | null = null;
  return {
    start: async () => {
      made ??= await create();
      return made;
    },
    started: () => made,
  };
}

function tokensOf(sequences: readonly Int32Array[]): number {
  return sequences.reduce((total, ids) => total + ids.length, 0);
}

function keyOf(teacher: FineTunedTeacher): string {
  const hash = createHash("sha256").update(JSON.stringify(teacher.tasks));
  for (const { data } of teacher.weights.values())
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest("hex").slice(0, 12);
}

function digestOf(sequences: readonly Int32Array[]): string {
  const hash = createHash("sha256");
  for (const ids of sequences) hash.update(`${ids.length} `).update(ids);
  return hash.digest("hex").slice(0, 16);
}
