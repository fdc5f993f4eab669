import { headsFile } from "../src/contract/manifest.ts";
import { must } from "../src/invariant.ts";
import { Tensor } from "../src/onnx/session.ts";
import { argmax } from "../src/stats.ts";
import { languageCodes } from "../src/tasks/in-language.ts";
import { language } from "../src/tasks/language.ts";
import { joinMembers } from "./join-members.ts";
import { addTime, isStatic, runGraph, runPasses } from "./run-passes.ts";
import type { BatchOutput, LoadedStudent, Pass, TextBatch } from "./student-batch.ts";

/**
 * Tokenises, runs the graphs and puts the rows back in order.
 * @param members of the student's ensemble, which have its tokeniser; none: it answers alone.
 * @throws {ModelFailedError}
 */
export async function runBatch(
  student: LoadedStudent,
  batch: TextBatch,
  members: readonly LoadedStudent[] = [],
): Promise<BatchOutput> {
  const started = performance.now();
  const encodings = batch.texts.map((text) => encode(student, text));
  const tokenizeMs = performance.now() - started;
  const sequences = encodings.map((e) => e.ids);
  const decides = decidesByLanguage(student, batch);
  const own = await ask(student, batch, sequences, besideTasks(student, batch, decides));
  const { logits, memberPasses } = await joinMembers(student, members, own.logits, (member, tasks) =>
    ask(member, { ...batch, tasks }, sequences, []),
  );
  const unknown = unknownPieces(sequences, student.tokenizer.unknownId);
  return {
    logits: Object.fromEntries(batch.tasks.map((task) => [task, must(logits[task])])),
    together: members.length > 0,
    tokens: Int32Array.from(sequences, (ids) => ids.length),
    truncated: Uint8Array.from(encodings, (e) => (e.truncated ? 1 : 0)),
    tokenizeMs,
    passes: own.passes,
    ...(memberPasses.length > 0 && { memberPasses }),
    ...(unknown && { unknown }),
    ...((decides || batch.asksLanguages) && {
      languages: await languagesOf(student, sequences, logits[language.name] ?? own.outputs[languageOutput], batch),
    }),
  };
}

/** What one student says to sequences. @param beside tasks over single texts that the same passes are to answer. */
async function ask(
  student: LoadedStudent,
  { input, tasks, tokenBudget }: TextBatch,
  sequences: readonly Int32Array[],
  beside: readonly string[],
) {
  const asked = [...new Set([...(input === "pair" ? [] : tasks), ...beside])];
  const added = asked.filter((task) => isAdded(student, task));
  const inEncoder = asked.filter((task) => !added.includes(task));
  const readsPooled = input === "pair" || added.length > 0;
  const names = [...(readsPooled ? ["pooled"] : []), ...inEncoder.map(outputName)];
  const { outputs, passes } = await runPasses(student, sequences, names, tokenBudget);
  // What is asked beside pairs is about their texts, not about them.
  if (input === "pair")
    return { logits: await runPairHeads(student, tasks, must(outputs.pooled), passes), passes, outputs };
  const logits = Object.fromEntries(inEncoder.map((task) => [task, must(outputs[outputName(task)])]));
  if (added.length > 0) Object.assign(logits, await runHeads(student, added, must(outputs.pooled), passes));
  return { logits, passes, outputs };
}

/** Beside an encoder a head more is nothing. A static student is little else than heads: what only drift asks for is a run of its own. */
function besideTasks(student: LoadedStudent, { asksLanguages }: TextBatch, decides: boolean): string[] {
  return decides || (asksLanguages && !isStatic(student)) ? [language.name] : [];
}

/** Whether the threshold of a task depends on the text's language. */
function decidesByLanguage({ manifest }: LoadedStudent, { tasks }: TextBatch): boolean {
  const alone = manifest.tasks.some((own) => own.languageThresholds && tasks.includes(own.name));
  const together = manifest.ensemble?.tasks.some((own) => own.languageThresholds && tasks.includes(own.task));
  return (alone || together === true) && languageCodes(manifest.tasks).length > 0;
}

/** Undefined in the usual case that there are none. */
function unknownPieces(sequences: readonly Int32Array[], unknownId: number): Int32Array | undefined {
  if (!sequences.some((ids) => ids.includes(unknownId))) return undefined;
  return Int32Array.from(sequences, (ids) => ids.reduce((sum, id) => sum + (id === unknownId ? 1 : 0), 0));
}

/**
 * Index of the likeliest label of each text. What it takes is in no pass's time: it is not the texts' work.
 * @param known logits of the language head, where it was run already.
 */
async function languagesOf(
  student: LoadedStudent,
  sequences: readonly Int32Array[],
  known: Float32Array | undefined,
  { tokenBudget }: TextBatch,
): Promise<Int32Array> {
  const logits =
    known ?? must((await runPasses(student, sequences, [languageOutput], tokenBudget)).outputs[languageOutput]);
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

/** Whether a task was learned on the finished encoder, and its head lies in the graph of those. */
function isAdded({ manifest }: LoadedStudent, task: string): boolean {
  return manifest.tasks.some(({ name, file }) => name === task && file === headsFile);
}

/** Pooled vectors [texts, hidden] to the logits of tasks that were learned on the finished encoder. */
async function runHeads(
  student: LoadedStudent,
  tasks: readonly string[],
  pooled: Float32Array,
  passes: Pass[],
): Promise<Record<string, Float32Array>> {
  const { hidden } = student.manifest.architecture;
  const texts = pooled.length / hidden;
  const started = performance.now();
  const feeds = { pooled: new Tensor("float32", pooled, [texts, hidden]) };
  const results = await runGraph(must(student.heads, headsFile), feeds, tasks.map(outputName));
  addTime(passes, (performance.now() - started) / texts);
  return Object.fromEntries(tasks.map((task) => [task, must(results[outputName(task)]).data as Float32Array]));
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
