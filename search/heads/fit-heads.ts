import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { stacked } from "../../src/onnx/stacked.ts";
import { shareOf } from "../corpus/known-sets.ts";
import { fitScaler, type Scaler } from "../distil/scaler.ts";
import { type EncodedExample, type EncodedTask, headOf, headsOf } from "../student/encoded-task.ts";
import { headParameters, headWidth, tableName, type Weight, type Weights, weightOf } from "../student/weights.ts";
import { keyOf } from "./key-of.ts";
import { type Classifier, pooledRows } from "./predict.ts";
import { trainTasks, withFreshHeads } from "./train-heads.ts";

/**
 * Heads on a finished encoder. Its pooled vectors are computed once for each text and stay as they are, so that a head is a small
 * network over rows of a matrix: to the trainer a static student whose frozen table holds those rows, and whose texts are one row each.
 * Heads over single texts see standardised columns. Those over pairs see them as they are, since their products do not scale along.
 */

export interface FitOptions {
  readonly seed: number;
  readonly threads: number;
  /** Weight of a data set in the draw, beside the root of its size. @default as known sets are used */
  readonly dataSetShare?: ((dataSet: string) => number) | undefined;
}

/**
 * Times that each example is seen. Six tasks over texts on the static student and on 3x384, mean area under the curve: 87.5 and 89.2 after
 * ten, 86.6 and 88.7 after twenty, 84.1 and 86.9 after forty. Of pairs some data sets are drawn far more often than others.
 */
const passes = { text: 10, pair: 2 };
/**
 * Examples that a task is taught at the least. A hundred texts in seven classes, right of 42 on the static student: 10 after ten passes, 26
 * after fifty and after two hundred.
 */
const leastExamples = 20_000;
const peakRate = 1e-3;

/** Weights of a head for each task, over the pooled vectors as the classifier gives them. */
export async function fitHeads(
  student: Pick<Architecture, "hidden" | "layers">,
  classifier: Classifier,
  tasks: readonly EncodedTask[],
  options: FitOptions,
): Promise<Weights> {
  const heads: Weights = new Map();
  for (const input of ["text", "pair"] as const) {
    const own = tasks.filter(({ task }) => task.input === input);
    if (own.length === 0) continue;
    const vectors = await pooledVectors(classifier, own);
    // Each by itself, on rows and columns of its own texts, so that none depends on what else is learned.
    for (const one of own)
      for (const [name, weight] of await fitOne(student, vectors, one, options)) heads.set(name, weight);
  }
  return heads;
}

async function fitOne(
  student: Pick<Architecture, "hidden" | "layers">,
  vectors: ReadonlyMap<string, Float32Array>,
  one: EncodedTask,
  options: FitOptions,
): Promise<Weights> {
  const keys = [...textsOf([one]).keys()];
  const rows = keys.map((key) => must(vectors.get(key)));
  const scaler = one.task.input === "text" ? fitScaler(rows, student.hidden) : null;
  const { data } = stacked(scaler === null ? rows : rows.map((row) => standardised(row, scaler)));
  const table = { dims: [rows.length, student.hidden], data: data as Float32Array };
  const width = headOf(one.task, one.labels).width ?? headWidth(student);
  const fitted = await fitHead(table, { ...one, width, examples: onRows(one, keys) }, options);
  if (scaler !== null) fold(fitted, one.task.name, scaler);
  return fitted;
}

async function fitHead(
  table: Weight,
  one: EncodedTask,
  { seed, threads, dataSetShare = shareOf }: FitOptions,
): Promise<Weights> {
  const [rows, hidden] = table.dims as [number, number];
  const a = frozenArchitecture(rows, hidden);
  const tokens = one.task.input === "pair" ? 2 : 1;
  const start = withFreshHeads(a, new Map([[tableName, table]]), [one], seed);
  const trained = await trainTasks(a, start, [one], {
    ...{ seed, threads, peakRate, dataSetShare, frozenTable: true },
    ...{ positions: 0, layerNormEpsilon: 0, padId: 0, onProgress: () => {} },
    tokens: tokens * Math.max(passes[one.task.input] * one.examples.length, leastExamples),
  });
  const names = headsOf([one]).flatMap((head) => headParameters(a, head));
  return new Map(names.map(({ name }) => [name, weightOf(trained, name)]));
}

/** Pooled vectors of the tasks' texts by `keyOf`, each computed once. */
async function pooledVectors(
  classifier: Classifier,
  tasks: readonly EncodedTask[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const texts = textsOf(tasks);
  const rows = await pooledRows(classifier, [...texts.values()]);
  return new Map(Array.from(texts.keys(), (key, row) => [key, must(rows[row])]));
}

/** Texts by `keyOf`, both of a pair. */
function textsOf(tasks: readonly EncodedTask[]): Map<string, Int32Array> {
  const texts = new Map<string, Int32Array>();
  for (const { examples } of tasks)
    for (const { ids, pairIds } of examples) {
      texts.set(keyOf(ids), ids);
      if (pairIds) texts.set(keyOf(pairIds), pairIds);
    }
  return texts;
}

/** Examples whose texts are one token each: the row of a text in a table, where `keys` says which text a row is. */
function onRows({ examples }: EncodedTask, keys: readonly string[]): EncodedExample[] {
  const rows = new Map(keys.map((key, row) => [key, row]));
  const rowOf = (ids: Int32Array) => Int32Array.of(must(rows.get(keyOf(ids))));
  return examples.map((example) => {
    const { ids, pairIds } = example;
    return { ...example, ids: rowOf(ids), pairIds: pairIds && rowOf(pairIds) };
  });
}

function frozenArchitecture(rows: number, hidden: number): Architecture {
  return { layers: 0, hidden, heads: 0, ffn: 0, activation: "relu", tableWidth: hidden, vocabulary: rows };
}

function standardised(row: Float32Array, { mean, deviation }: Scaler): Float32Array {
  return row.map((x, i) => (x - must(mean[i])) / must(deviation[i]));
}

/** Makes a head over standardised columns one over the columns themselves: (x − m) / s · W + b = x · (W / s) + (b − m / s · W). */
function fold(head: Weights, task: string, { mean, deviation }: Scaler): void {
  const { data } = weightOf(head, `head.${task}.dense.weight`);
  const bias = weightOf(head, `head.${task}.dense.bias`).data;
  for (let i = 0; i < mean.length; i++)
    for (let j = 0; j < bias.length; j++) {
      const at = i * bias.length + j;
      data[at] = must(data[at]) / must(deviation[i]);
      bias[j] = must(bias[j]) - must(mean[i]) * must(data[at]);
    }
}
