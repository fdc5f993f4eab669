import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../src/invariant.ts";
import { stacked } from "../../src/onnx/stacked.ts";
import { fromFloat32, openSafetensors, type StoredTensor, toFloat32, writeSafetensors } from "../graph/safetensors.ts";
import { type EncodedTexts, tokensOf } from "../student/encoded-task.ts";
import { type Classifier, type Logits, pairLogits, textLogits } from "./predict.ts";

/** Somebody who is asked about texts, or about pairs: a fine-tuned teacher, or a finished student. */
export interface Adviser {
  /** Of its weights and tasks: another adviser, another key. */
  readonly key: string;
  /** All over single texts, or all over pairs. */
  readonly tasks: readonly string[];
  /** Called when there is something to ask. */
  readonly open: () => Promise<Classifier & { release(): Promise<void> }>;
}

export interface KeptLogitsOptions {
  /** Folder to keep them in, by adviser. */
  readonly cacheFolder: string;
  readonly onProgress: (doneTokens: number, totalTokens: number) => void;
}

/** Logits by task of texts, found by their digest. */
type Answers = Map<string, ReadonlyMap<string, Float32Array>>;

/** Texts whose logits are kept in one file: what a killed run loses at most. */
const textsPerFile = 4096;
/** Name of the digests beside the tasks' logits in a file. */
const digestsName = "#texts";
const digestBytes = 16;

/**
 * Logits of an adviser for its tasks, in the order of `texts`, all of which are single ones or all pairs. A text is asked about once: the answers are kept, a file for every
 * few thousand texts, and serve whatever later selection it is part of.
 */
export async function keptLogits(
  adviser: Adviser,
  texts: readonly EncodedTexts[],
  options: KeptLogitsOptions,
): Promise<ReadonlyMap<string, Logits>> {
  const folder = join(options.cacheFolder, adviser.key);
  mkdirSync(folder, { recursive: true });
  const known = readAnswers(folder);
  const digests = texts.map(digestOf);
  const missing = [...new Map(texts.map((text, i) => [must(digests[i]), text]))].filter(([d]) => !known.has(d));
  await ask(adviser, missing, known, folder, options);
  return new Map(adviser.tasks.map((task) => [task, digests.map((digest) => must(must(known.get(digest)).get(task)))]));
}

async function ask(
  adviser: Adviser,
  texts: readonly (readonly [digest: string, text: EncodedTexts])[],
  answers: Answers,
  folder: string,
  { onProgress }: KeptLogitsOptions,
): Promise<void> {
  if (texts.length === 0) return;
  const classifier = await adviser.open();
  const total = texts.reduce((sum, [, text]) => sum + tokensOf(text), 0);
  let done = 0;
  for (let at = 0; at < texts.length; at += textsPerFile) {
    const part = texts.slice(at, at + textsPerFile);
    const digests = part.map(([digest]) => digest);
    const own = part.map(([, text]) => text);
    keep(folder, digests, await logitsOf(classifier, own, adviser.tasks));
    done += own.reduce((sum, text) => sum + tokensOf(text), 0);
    onProgress(done, total);
  }
  await classifier.release();
  for (const [digest, rows] of readAnswers(folder)) answers.set(digest, rows);
}

async function logitsOf(classifier: Classifier, texts: readonly EncodedTexts[], tasks: readonly string[]) {
  if (must(texts[0]).pairIds === null) {
    const sequences = texts.map(({ ids }) => ids);
    return await textLogits(classifier, sequences, tasks);
  }
  const all = new Map<string, Logits>();
  for (const task of tasks) all.set(task, (await pairLogits(classifier, task, texts)).logits);
  return all;
}

function keep(folder: string, digests: readonly string[], logits: ReadonlyMap<string, Logits>): void {
  const bytes = Buffer.from(digests.join(""), "hex");
  const texts: StoredTensor = { type: "U8", dims: [digests.length, digestBytes], bytes };
  const name = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const tensors = [...logits].map(([task, rows]) => [task, toStored(rows)] as const);
  writeSafetensors(join(folder, `${name}.safetensors`), new Map([[digestsName, texts], ...tensors]));
}

function toStored(rows: Logits): StoredTensor {
  const { dims, data } = stacked(rows);
  return fromFloat32(dims, data as Float32Array);
}

function readAnswers(folder: string): Answers {
  const answers: Answers = new Map();
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".safetensors"))) {
    const file = openSafetensors(join(folder, name));
    const digests = Buffer.from(file.read(digestsName).bytes);
    const tasks = file.names
      .filter((task) => task !== digestsName)
      .map((task) => [task, rowsOf(file.read(task))] as const);
    for (let i = 0; i * digestBytes < digests.length; i++) {
      const digest = digests.toString("hex", i * digestBytes, (i + 1) * digestBytes);
      answers.set(digest, new Map(tasks.map(([task, rows]) => [task, must(rows[i])])));
    }
  }
  return answers;
}

function rowsOf(tensor: StoredTensor): Float32Array[] {
  const data = toFloat32(tensor);
  const [rows, width] = [must(tensor.dims[0]), must(tensor.dims[1])];
  return Array.from({ length: rows }, (_, i) => data.subarray(i * width, (i + 1) * width));
}

/** No token has the number that parts a pair. */
function digestOf({ ids, pairIds }: EncodedTexts): string {
  const hash = createHash("sha256").update(ids);
  if (pairIds !== null) hash.update(Int32Array.of(-1)).update(pairIds);
  return hash.digest("hex").slice(0, 2 * digestBytes);
}
