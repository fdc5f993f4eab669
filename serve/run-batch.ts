import { ModelFailedError } from "../src/errors.ts";
import { must } from "../src/invariant.ts";
import { type Session, Tensor } from "../src/onnx/session.ts";
import { argmax } from "../src/stats.ts";
import { languageCodes } from "../src/tasks/in-language.ts";
import { language } from "../src/tasks/language.ts";
import { type Batch, toBatch } from "../src/text/batch.ts";
import type { BatchOutput, LoadedStudent, Pass, TextBatch } from "./student-batch.ts";

/** Tokenises, runs the graphs and puts the rows back in order. @throws {ModelFailedError} */
export async function runBatch(student: LoadedStudent, batch: TextBatch): Promise<BatchOutput> {
  const started = performance.now();
  const encodings = batch.texts.map((text) => encode(student, text));
  const tokenizeMs = performance.now() - started;
  const sequences = encodings.map((e) => e.ids);
  const decides = decidesByLanguage(student, batch);
  const names = outputNames(student, batch, decides);
  const { outputs, passes } = await runPasses(student, sequences, names, batch.tokenBudget);
  const unknown = unknownPieces(sequences, student.tokenizer.unknownId);
  return {
    logits:
      batch.input === "pair"
        ? await runPairHeads(student, batch.tasks, must(outputs.pooled), passes)
        : Object.fromEntries(batch.tasks.map((task) => [task, must(outputs[outputName(task)])])),
    tokens: Int32Array.from(sequences, (ids) => ids.length),
    truncated: Uint8Array.from(encodings, (e) => (e.truncated ? 1 : 0)),
    tokenizeMs,
    passes,
    ...(unknown && { unknown }),
    ...((decides || batch.asksLanguages) && {
      languages: await languagesOf(student, sequences, outputs, batch.tokenBudget),
    }),
  };
}

function outputNames(student: LoadedStudent, { input, tasks, asksLanguages }: TextBatch, decides: boolean): string[] {
  const names = input === "pair" ? ["pooled"] : tasks.map(outputName);
  // Beside an encoder a head more is nothing. A static student is little else than heads: what only drift asks for is a run of its own.
  return decides || (asksLanguages && !isStatic(student)) ? [...new Set([...names, languageOutput])] : names;
}

/** Whether the threshold of a task depends on the text's language. */
function decidesByLanguage({ manifest }: LoadedStudent, { tasks }: TextBatch): boolean {
  const decides = manifest.tasks.some(({ name, languageThresholds }) => languageThresholds && tasks.includes(name));
  return decides && languageCodes(manifest.tasks).length > 0;
}

/** Undefined in the usual case that there are none. */
function unknownPieces(sequences: readonly Int32Array[], unknownId: number): Int32Array | undefined {
  if (!sequences.some((ids) => ids.includes(unknownId))) return undefined;
  return Int32Array.from(sequences, (ids) => ids.reduce((sum, id) => sum + (id === unknownId ? 1 : 0), 0));
}

/** Index of the likeliest label of each text. What it takes is in no pass's time: it is not the texts' work. */
async function languagesOf(
  student: LoadedStudent,
  sequences: readonly Int32Array[],
  outputs: Readonly<Record<string, Float32Array>>,
  tokenBudget: number,
): Promise<Int32Array> {
  const logits =
    outputs[languageOutput] ??
    must((await runPasses(student, sequences, [languageOutput], tokenBudget)).outputs[languageOutput]);
  const labels = logits.length / sequences.length;
  return Int32Array.from(sequences, (_, row) => argmax(logits.subarray(row * labels, (row + 1) * labels)));
}

/** A token is rarely this long: what lies beyond would be tokenised only to be thrown away. */
const longestTokenUnits = 64;

function encode({ tokenizer, maxTokens }: LoadedStudent, text: string): { ids: Int32Array; truncated: boolean } {
  const limit = maxTokens * longestTokenUnits;
  if (text.length <= limit) return tokenizer.encode(text, maxTokens);
  return { ids: tokenizer.encode(text.slice(0, limit), maxTokens).ids, truncated: true };
}

function outputName(task: string): string {
  return `logits_${task}`;
}

const languageOutput = outputName(language.name);

/**
 * Runs the encoder over sequences sorted by length, a few at a time: an unsorted batch would spend more on padding than
 * it saves. Rows come back in the order of `sequences`: each output float32 [sequences, width].
 */
async function runPasses(
  student: LoadedStudent,
  sequences: readonly Int32Array[],
  names: readonly string[],
  tokenBudget: number,
): Promise<{ outputs: Record<string, Float32Array>; passes: Pass[] }> {
  const outputs: Record<string, Float32Array> = {};
  const passes: Pass[] = [];
  for (const rows of planPasses(sequences, tokenBudget, leastFill(student))) {
    const batch = toBatch(
      rows.map((row) => must(sequences[row])),
      student.tokenizer.padId,
    );
    const started = performance.now();
    const results = await runGraph(student.encoder, encoderFeeds(batch), names);
    passes.push({ rows: batch.rows, tokens: batch.tokens, inferMs: performance.now() - started });
    for (const name of names) scatter(outputs, name, must(results[name]), rows, sequences.length);
  }
  return { outputs, passes };
}

/**
 * How much of the longest row of its pass a row has to fill. In a transformer padding costs as much as text: of 32 mixed
 * texts, 0.75 to 1 cost 15 % less than 0.5 and 40 % less than 0. A static student pays more for each pass than for padding.
 */
function leastFill(student: LoadedStudent): number {
  return isStatic(student) ? 0 : 0.85;
}

function isStatic({ manifest }: LoadedStudent): boolean {
  return manifest.architecture.layers === 0;
}

/** Indices of the sequences of each pass, shortest first; only a sequence above the budget is a pass of its own. */
export function planPasses(
  sequences: readonly { readonly length: number }[],
  tokenBudget: number,
  fill: number,
): number[][] {
  const lengthOf = (row: number) => must(sequences[row]).length;
  const sorted = Array.from(sequences.keys()).sort((a, b) => lengthOf(b) - lengthOf(a));
  const passes: number[][] = [];
  for (const row of sorted) {
    const pass = passes.at(-1);
    const longest = pass === undefined ? 0 : lengthOf(must(pass[0]));
    const fits = pass !== undefined && (pass.length + 1) * longest <= tokenBudget && lengthOf(row) >= fill * longest;
    if (fits) pass.push(row);
    else passes.push([row]);
  }
  return passes.reverse();
}

function encoderFeeds(batch: Batch): Record<string, Tensor> {
  const dims = [batch.rows, batch.tokens];
  return { ids: new Tensor("int32", batch.ids, dims), mask: new Tensor("float32", batch.mask, dims) };
}

async function runGraph(session: Session, feeds: Record<string, Tensor>, names: readonly string[]) {
  try {
    return await session.run(feeds, names);
  } catch (cause) {
    throw new ModelFailedError(`the runtime failed: ${(cause as Error).message.split("\n")[0]}`, { cause });
  }
}

function scatter(
  outputs: Record<string, Float32Array>,
  name: string,
  result: Tensor,
  rows: readonly number[],
  total: number,
): void {
  const data = result.data as Float32Array;
  const width = data.length / rows.length;
  outputs[name] ??= new Float32Array(total * width);
  for (let i = 0; i < rows.length; i++)
    outputs[name].set(data.subarray(i * width, (i + 1) * width), must(rows[i]) * width);
}

/** Pooled vectors [2 · items, hidden], source and target by turns, to each pair task's logits. */
async function runPairHeads(
  student: LoadedStudent,
  tasks: readonly string[],
  pooled: Float32Array,
  passes: Pass[],
): Promise<Record<string, Float32Array>> {
  const hidden = student.manifest.architecture.hidden;
  const items = pooled.length / hidden / 2;
  const feeds = { source: everySecond(pooled, hidden, 0), target: everySecond(pooled, hidden, 1) };
  const logits: Record<string, Float32Array> = {};
  const started = performance.now();
  for (const task of tasks) {
    const head = must(student.pairHeads.get(task), `the head of ${task}`);
    const results = await runGraph(head, feeds, [outputName(task)]);
    logits[task] = must(results[outputName(task)]).data as Float32Array;
  }
  addTime(passes, (performance.now() - started) / items / 2);
  return logits;
}

function everySecond(pooled: Float32Array, hidden: number, first: 0 | 1): Tensor {
  const items = pooled.length / hidden / 2;
  const half = new Float32Array(items * hidden);
  for (let i = 0; i < items; i++) {
    const from = (2 * i + first) * hidden;
    half.set(pooled.subarray(from, from + hidden), i * hidden);
  }
  return new Tensor("float32", half, [items, hidden]);
}

/** The heads' time belongs to inference: it is spread over the passes by their texts. */
function addTime(passes: Pass[], perTextMs: number): void {
  passes.forEach((pass, i) => {
    passes[i] = { ...pass, inferMs: pass.inferMs + perTextMs * pass.rows };
  });
}
