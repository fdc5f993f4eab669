import { encoderFile, logitsName } from "../../src/contract/graph-files.ts";
import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { type Feeds, Tensor } from "../../src/onnx/session.ts";
import { stacked } from "../../src/onnx/stacked.ts";
import { takenBy } from "../../src/onnx/taken-by.ts";
import { argmax } from "../../src/stats.ts";
import { languageCodes } from "../../src/tasks/in-language.ts";
import { language } from "../../src/tasks/language.ts";
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
  const sequences = encodings.map((e) => e.ids);
  const surface = batch.input === "pair" ? surfaceOf(student, sequences) : null;
  const tokenizeMs = performance.now() - started;
  const decides = decidesByLanguage(student, batch);
  const own = await ask(student, batch, { sequences, surface }, besideTasks(student, batch, decides));
  const { logits, memberPasses } = await joinMembers(student, members, own.logits, (member, tasks) =>
    ask(member, { ...batch, tasks }, { sequences, surface }, []),
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
      languages: await languagesOf(student, sequences, logits[language.name] ?? own.ofTexts[language.name], batch),
    }),
  };
}

interface Encoded {
  readonly sequences: readonly Int32Array[];
  /** What the texts of each pair look like [pairs, surfaceWidth]; null where the batch is of single texts. */
  readonly surface: Tensor | null;
}

/** Sequences are source and target by turns. */
function surfaceOf({ readSurface }: LoadedStudent, sequences: readonly Int32Array[]): Tensor {
  const sources = sequences.filter((_, i) => i % 2 === 0);
  return stacked(sources.map((source, i) => readSurface(source, must(sequences[2 * i + 1]))));
}

/** What one student says to sequences. @param beside tasks over single texts that the same passes are to answer. */
async function ask(
  student: LoadedStudent,
  { input, tasks, tokenBudget }: TextBatch,
  { sequences, surface }: Encoded,
  beside: readonly string[],
) {
  const asked = [...new Set([...tasks, ...beside])];
  const outside = asked.filter((task) => entryOf(student, task).file !== encoderFile);
  const inside = asked.filter((task) => !outside.includes(task));
  const names = [...(outside.length > 0 ? ["pooled"] : []), ...inside.map(logitsName)];
  const { outputs, passes } = await runPasses(student, sequences, names, tokenBudget);
  const said: Record<string, Float32Array> =
    outside.length > 0 ? await runHeads(student, outside, { pooled: must(outputs.pooled), surface }, passes) : {};
  for (const task of inside) said[task] = must(outputs[logitsName(task)]);
  if (input === "text") return { logits: said, passes, ofTexts: said };
  // What is asked beside pairs is about their texts, not about them.
  return { logits: Object.fromEntries(tasks.map((task) => [task, must(said[task])])), passes, ofTexts: said };
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
  batch: TextBatch,
): Promise<Int32Array> {
  const apart = { ...batch, input: "text", tasks: [language.name] } as const;
  const logits = known ?? must((await ask(student, apart, { sequences, surface: null }, [])).ofTexts[language.name]);
  const labels = logits.length / sequences.length;
  return Int32Array.from(sequences, (_, row) => argmax(logits.subarray(row * labels, (row + 1) * labels)));
}

/** A token is rarely this long: what lies beyond would be tokenised only to be thrown away, unless before it is next to nothing but spaces. */
const longestTokenUnits = 64;

function encode({ tokenizer, maxTokens }: LoadedStudent, text: string): { ids: Int32Array; truncated: boolean } {
  const limit = maxTokens * longestTokenUnits;
  if (text.length <= limit) return tokenizer.encode(text, maxTokens);
  const head = tokenizer.encode(text.slice(0, limit), maxTokens);
  return head.truncated ? head : tokenizer.encode(text, maxTokens);
}

function entryOf({ manifest }: LoadedStudent, task: string): ManifestTask {
  return must(
    manifest.tasks.find(({ name }) => name === task),
    task,
  );
}

/**
 * Pooled vectors [texts, hidden] to the logits of tasks whose heads lie outside the encoder's graph; of pairs they are source and target
 * by turns. Heads of one file answer together.
 */
async function runHeads(
  student: LoadedStudent,
  tasks: readonly string[],
  { pooled, surface }: { readonly pooled: Float32Array; readonly surface: Tensor | null },
  passes: Pass[],
): Promise<Record<string, Float32Array>> {
  const { hidden } = student.manifest.architecture;
  const texts = pooled.length / hidden;
  const feeds: Feeds = {
    pooled: new Tensor("float32", pooled, [texts, hidden]),
    ...(surface && { source: everySecond(pooled, hidden, 0), target: everySecond(pooled, hidden, 1), surface }),
  };
  const fileOf = (task: string) => entryOf(student, task).file;
  const logits: Record<string, Float32Array> = {};
  const started = performance.now();
  for (const file of new Set(tasks.map(fileOf))) {
    const own = tasks.filter((task) => fileOf(task) === file);
    const session = must(student.heads.get(file), file);
    const results = await runGraph(session, takenBy(session, feeds), own.map(logitsName));
    for (const task of own) logits[task] = must(results[logitsName(task)]).data as Float32Array;
  }
  addTime(passes, (performance.now() - started) / texts);
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
