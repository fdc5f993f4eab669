import { join } from "node:path";
import { encoderFile } from "../../src/contract/graph-files.ts";
import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { openWithNgrams } from "../../src/ngrams/with-ngrams.ts";
import type { LiftedGraph } from "../../src/onnx/lift-tables.ts";
import { openLifted } from "../../src/onnx/lifted-session.ts";
import type { Session } from "../../src/onnx/session.ts";
import { openByOutput } from "../../src/onnx/session-by-output.ts";
import { createSurfaceFeatures } from "../../src/pairs/surface-features.ts";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import { areNumbers } from "../answering/to-results.ts";
import { BadStudentError, blame } from "../students/load-failure.ts";
import { runBatch } from "./run-batch.ts";
import type { LoadedStudent, SharedStudent } from "./student-batch.ts";

/**
 * Opens the sessions of a student that was read, in the thread that will run them.
 * @throws {BadStudentError} when the runtime refuses a graph, or it has another shape than the manifest says.
 */
export async function openStudent(shared: SharedStudent): Promise<LoadedStudent> {
  const { folder, manifest } = shared;
  const tokenizer = blame("tokenizer", () => sharedTokenizer(shared));
  checkTables(shared, tokenizer);
  const encoder = await openEncoder(shared, tokenizer);
  const heads = new Map<string, Session>();
  const readSurface = createSurfaceFeatures(tokenizer);
  const student: LoadedStudent = { manifest, maxTokens: shared.maxTokens, tokenizer, readSurface, encoder, heads };
  try {
    for (const [file, graph] of shared.heads) heads.set(file, await open(join(folder, file), graph));
    await warmUp(student);
    return student;
  } catch (cause) {
    await releaseStudent(student);
    throw cause;
  }
}

/** With its n-grams, where the student reads some. */
function openEncoder(shared: SharedStudent, { pieceOf }: Tokenizer): Promise<Session> {
  const { folder, manifest, encoder, ngrams: graph } = shared;
  const opener = isStatic(shared) ? openByOutput : openLifted;
  const openAs = (files: string) => (one: LiftedGraph) => open(join(folder, files), one, opener);
  const { ngrams } = manifest;
  if (ngrams === undefined) return openAs(encoderFile)(encoder);
  const graphs = { encoder, graph: must(graph, ngrams.file) };
  return openWithNgrams(graphs, ngrams, pieceOf, openAs(`model.onnx with ${ngrams.file}`));
}

/** Its heads are most of what it does, and its weights are few: sessions for each output cost nothing beside what they save. */
function isStatic({ manifest }: SharedStudent): boolean {
  return manifest.architecture.layers === 0;
}

async function open(path: string, graph: LiftedGraph, opener: typeof openLifted = openLifted): Promise<Session> {
  try {
    return await opener(graph, { threads: 1 });
  } catch (cause) {
    const [reason] = (cause as Error).message.split("\n");
    throw new BadStudentError(`${path}: the runtime refuses it: ${reason}`, { reason: "graph", cause });
  }
}

/** Tokenisers of this thread by the hash of their file: students of one search have the same. */
const tokenizers = new Map<string, WeakRef<Tokenizer>>();

function sharedTokenizer({ manifest, tokenizer: parts }: SharedStudent): Tokenizer {
  const { sha256 } = must(manifest.files["tokenizer.json"]);
  const known = tokenizers.get(sha256)?.deref();
  if (known) return known;
  const tokenizer = createTokenizer(parts);
  tokenizers.set(sha256, new WeakRef(tokenizer));
  return tokenizer;
}

function checkTables({ folder, encoder, ngrams, manifest }: SharedStudent, { vocabularySize }: Tokenizer): void {
  checkRows(join(folder, encoderFile), encoder, vocabularySize, "pieces");
  if (ngrams && manifest.ngrams) checkRows(join(folder, manifest.ngrams.file), ngrams, manifest.ngrams.rows, "n-grams");
}

/** An id beyond a table's rows would read what is not there. */
function checkRows(path: string, { tables }: LiftedGraph, needed: number, what: string): void {
  const short = tables.find(({ rows }) => rows < needed);
  if (short === undefined) return;
  throw new BadStudentError(`${path}: ${short.rows} rows in ${short.name} for ${needed} ${what}`, { reason: "shape" });
}

export async function releaseStudent({ encoder, heads }: LoadedStudent): Promise<void> {
  for (const session of [encoder, ...heads.values()]) await session.release();
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
        throw new BadStudentError(`${task.file}: the warm-up of ${task.name} failed: ${cause.message}`, {
          reason: "graph",
          cause,
        });
      });
      checkLogits(task, must(logits[task.name]), task.input === "pair" ? 1 : 2);
    }
  }
}

function checkLogits(task: ManifestTask, logits: Float32Array, items: number): void {
  const { file, name, labels } = task;
  const fault = (reason: "shape" | "graph", what: string) => new BadStudentError(`${file}: ${what}`, { reason });
  if (logits.length !== items * labels.length)
    throw fault("shape", `${logits.length / items} logits for the ${labels.length} labels of ${name}`);
  if (!areNumbers(logits)) throw fault("graph", `the warm-up of ${name} gave no numbers`);
}
