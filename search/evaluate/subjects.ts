import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { encoderFile } from "../../src/contract/graph-files.ts";
import { type Manifest, readManifest } from "../../src/contract/manifest.ts";
import { studentFolders } from "../../src/contract/models-folder.ts";
import { BadFileError, ConfigError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { readOwnJson } from "../../src/json-file.ts";
import { replaceFile } from "../../src/replace-file.ts";
import { taskOf } from "../../src/tasks/index.ts";
import { readTokenizer } from "../../src/text/read-tokenizer.ts";
import type { Log } from "../command/command.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { calibrated } from "../heads/score.ts";
import { teacherClassifier } from "../heads/teacher-classifier.ts";
import { baseOf, readFineTuned, tableHash, tunedTasks } from "../teacher/fine-tune.ts";
import { readTeacher } from "../teacher/teacher.ts";
import { measure } from "./measure.ts";
import { joinMeasured, Measured } from "./measured.ts";
import { openServed } from "./open-served.ts";

export interface Student {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Tokens of a text that are read when scoring: what a student trained on, twice over. */
const maxTokens = 128;

/** Of a text, when a student is scored. */
export function judgedLength({ manifest }: Student): number {
  return Math.min(maxTokens, manifest.maxTokens);
}

/** The students of a folder, the fastest first. @throws {BadFileError} when there are none. */
export function findStudents(models: string): Student[] {
  const students = studentFolders(models)
    .filter((folder) => existsSync(join(folder, "manifest.json")))
    .map((folder) => ({ folder, manifest: readManifest(join(folder, "manifest.json")) }));
  if (students.length === 0) throw new BadFileError(`${models}: no students here`);
  const p50 = ({ manifest }: Student) => must(manifest.latency.lengths.at(-1)).p50Ms;
  return students.sort((a, b) => p50(a) - p50(b));
}

/** Those of the students in a folder that are called so; undefined: all. @throws {ConfigError} when one is not there. */
export function chosenAmong(
  students: readonly Student[],
  wanted: readonly string[] | undefined,
  models: string,
): readonly Student[] {
  if (wanted === undefined) return students;
  const missing = wanted.find((name) => !students.some(({ manifest }) => manifest.name === name));
  if (missing !== undefined) throw new ConfigError(`${models}: no student is called ${missing}`);
  return students.filter(({ manifest }) => wanted.includes(manifest.name));
}

/** Measures a student as it is served: int8, with temperatures and thresholds, and with its ensemble where the others have it. */
export async function measureStudent(
  student: Student,
  others: readonly Student[],
  corpus: Corpus,
  threads: number,
  log: Log,
): Promise<Measured> {
  const { manifest } = student;
  const names = manifest.tasks.map(({ name }) => name);
  const { classifier, tokenizer, tasks, members, release } = await openServed(student, others, names, threads);
  log(`scoring ${[manifest, ...members.map((member) => member.manifest)].map(({ name }) => name).join(" with ")}`);
  const measured = await measure(classifier, corpus, {
    names,
    tokenizer,
    maxTokens: judgedLength(student),
    tasksOf: () => tasks,
  });
  await release();
  return measured;
}

/** Folders of fine-tuned teachers that belong to a teacher folder, with the tasks that each speaks for: of several, the newest. */
export function fineTunedFolders(runs: string, teacher: string): Map<string, readonly string[]> {
  const home = join(runs, "teacher");
  if (!existsSync(home) || !existsSync(teacher)) return new Map();
  const weights = (folder: string) => join(folder, "weights.safetensors");
  const trainedAt = (folder: string) => statSync(weights(folder)).mtimeMs;
  let table: string | undefined;
  const isOfTeacher = (folder: string) => {
    const base = baseOf(folder);
    if (base !== null) table ??= tableHash(readTeacher(teacher));
    return base === null || base === table;
  };
  const done = readdirSync(home)
    .map((name) => join(home, name))
    .filter((folder) => existsSync(weights(folder)) && isOfTeacher(folder))
    .sort((a, b) => trainedAt(b) - trainedAt(a));
  const spoken = new Set<string>();
  const own = done.map((folder) => {
    const tasks = tunedTasks(folder)
      .map(({ name }) => name)
      .filter((name) => !spoken.has(name));
    for (const task of tasks) spoken.add(task);
    return [folder, tasks] as const;
  });
  return new Map(own.filter(([, tasks]) => tasks.length > 0));
}

/** Measures fine-tuned teachers as one: each answers its own tasks. */
export async function measureTeachers(
  teacherFolder: string,
  folders: ReadonlyMap<string, readonly string[]>,
  corpus: Corpus,
  threads: number,
  log: Log,
): Promise<Measured> {
  const parts: Measured[] = [];
  for (const [folder, tasks] of folders)
    parts.push(await measureTeacher(teacherFolder, folder, tasks, corpus, threads, log));
  return joinMeasured(parts);
}

/**
 * Measures a fine-tuned teacher in fp32, calibrated on the same rows as students are. That takes minutes, so it is kept beside
 * its weights, by the rows that it was measured on.
 */
async function measureTeacher(
  teacherFolder: string,
  folder: string,
  names: readonly string[],
  corpus: Corpus,
  threads: number,
  log: Log,
): Promise<Measured> {
  const kept = join(folder, `measured-${rowsKey(corpus, names)}.json`);
  if (existsSync(kept)) return readMeasured(kept);
  log(`scoring the fine-tuned teacher of ${names.join(", ")}`);
  const teacher = readFineTuned(readTeacher(teacherFolder), folder);
  const classifier = await teacherClassifier(teacher, threads);
  const measured = await measure(classifier, corpus, {
    names,
    tokenizer: readTokenizer(join(teacherFolder, "tokenizer.json")),
    maxTokens,
    tasksOf: (results) =>
      teacher.tasks
        .filter(({ name }) => names.includes(name))
        .map((entry) => {
          const { name, input } = taskOf(entry);
          return calibrated({ ...entry, name, input, file: encoderFile, languages: [] }, results).task;
        }),
    onProgress: (done, total) => log(`teacher · ${done} of ${total} validation sets`),
  });
  await classifier.release();
  replaceFile(kept, JSON.stringify(measured));
  return measured;
}

/** @throws {BadFileError} when it is damaged. */
function readMeasured(path: string): Measured {
  return readOwnJson(path, Measured, "not the measurements of a teacher; delete it to measure again");
}

function rowsKey({ validation }: Corpus, names: readonly string[]): string {
  const hash = createHash("sha256");
  for (const { task, dataSet, rows } of validation.filter((set) => names.includes(set.task)))
    hash.update(JSON.stringify([task, dataSet, rows.map((row) => [row.language, row.label, row.text, row.pair])]));
  return hash.digest("hex").slice(0, 12);
}
