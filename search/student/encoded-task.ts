import { must } from "../../src/invariant.ts";
import { type Feeds, Tensor } from "../../src/onnx/session.ts";
import { stacked } from "../../src/onnx/stacked.ts";
import { createSurfaceFeatures } from "../../src/pairs/surface-features.ts";
import type { Task } from "../../src/tasks/task.ts";
import { type Batch, toBatch } from "../../src/text/batch.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import type { LabelledExample } from "../corpus/preparation.ts";
import { packFloats, packInts } from "./packed-arrays.ts";
import { besideWidth, type HeadShape } from "./weights.ts";

/** A task's training examples as token ids and targets. */
export interface EncodedTask {
  readonly task: Task;
  readonly labels: readonly string[];
  readonly examples: readonly EncodedExample[];
  /** Of its head's hidden layer. @default `headWidth` of the architecture, `besideWidth` of a task that is learned beside others */
  readonly width?: number;
}

/** A text or both texts of a pair. */
export interface EncodedTexts {
  readonly ids: Int32Array;
  /** The other half of a pair. */
  readonly pairIds: Int32Array | null;
  /** What the texts of a pair look like. */
  readonly surface: Float32Array | null;
}

export interface EncodedExample extends EncodedTexts {
  /** Probability of each label. */
  readonly target: Float32Array;
  readonly weight: number;
  readonly dataSet: string;
}

/** A head over pairs is the same, learned with the encoder or after it. */
export function headOf({ name, input, beside }: Task, labels: readonly string[]): HeadShape {
  const isNarrow = beside !== undefined && input === "text";
  return { task: name, input, labels: labels.length, ...(isNarrow && { width: besideWidth }) };
}

export function headsOf(tasks: readonly Pick<EncodedTask, "task" | "labels" | "width">[]): HeadShape[] {
  return tasks.map(({ task, labels, width }) => ({ ...headOf(task, labels), ...(width !== undefined && { width }) }));
}

/** Encodes the examples that say something about the task; `smoothing` moves that share of each target to all labels. */
export function encodeTask(
  task: Task,
  labels: readonly string[],
  examples: readonly LabelledExample[],
  tokenizer: Tokenizer,
  options: { readonly maxTokens: number; readonly smoothing: number },
): EncodedTask {
  const [pack, packSurface] = [packInts(), packFloats()];
  const targetOf = createTargets(task, labels, options.smoothing);
  const encode = encoderOf(tokenizer, options.maxTokens);
  const packed: EncodeTexts = (text, pair) => {
    const { ids, pairIds, surface } = encode(text, pair);
    return { ids: pack(ids), pairIds: pairIds && pack(pairIds), surface: surface && packSurface(surface) };
  };
  const encoded = examples.flatMap((example): EncodedExample[] => {
    const target = targetOf(example);
    if (target === null) return [];
    const { text, pair, weight, dataSet } = example;
    return [{ ...packed(text, pair), target, weight, dataSet }];
  });
  return { task, labels, examples: encoded };
}

/** Smoothed targets, one for all rows that are labelled alike: of half a million in 156 languages each would take longer than the text. */
function createTargets(task: Task, labels: readonly string[], smoothing: number) {
  const known = new Map<string, Float32Array | null>();
  return ({ dataSet, language, label }: LabelledExample): Float32Array | null => {
    const key = `${dataSet}\n${language}\n${label}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const certain = task.toTarget({ language, label }, labels, dataSet);
    const target = certain?.map((p) => p * (1 - smoothing) + smoothing / labels.length) ?? null;
    known.set(key, target);
    return target;
  };
}

export type EncodeTexts = (text: string, pair: string | undefined) => EncodedTexts;

export function encoderOf(tokenizer: Tokenizer, maxTokens: number): EncodeTexts {
  const readSurface = createSurfaceFeatures(tokenizer);
  return (text, pair) => {
    const { ids } = tokenizer.encode(text, maxTokens);
    if (pair === undefined) return { ids, pairIds: null, surface: null };
    const pairIds = tokenizer.encode(pair, maxTokens).ids;
    return { ids, pairIds, surface: readSurface(ids, pairIds) };
  };
}

/** Length that an example pads a batch to. */
export function lengthOf(example: EncodedExample): number {
  return Math.max(example.ids.length, example.pairIds?.length ?? 0);
}

/** Tokens of a text, or of both texts of a pair. */
export function tokensOf({ ids, pairIds }: EncodedTexts): number {
  return ids.length + (pairIds?.length ?? 0);
}

/** A batch of examples with the inputs that `trainingGraph` wants for a task. */
export function taskBatch(
  encoded: EncodedTask,
  examples: readonly EncodedExample[],
  padId: number,
): { batch: Batch; targets: Feeds } {
  const rows = examples.length;
  const pair = encoded.task.input === "pair";
  const sequences = examples.map((example) => example.ids);
  if (pair) sequences.push(...examples.map((example) => must(example.pairIds, "other half of a pair")));
  const target = new Float32Array(rows * encoded.labels.length);
  examples.forEach((example, row) => {
    target.set(example.target, row * encoded.labels.length);
  });
  // By rows, not by their weights: rows of little weight are short ones, which meet in batches of their own.
  const weight = Float32Array.from(examples, (example) => example.weight / rows);
  return {
    batch: toBatch(sequences, padId),
    targets: {
      target: new Tensor("float32", target, [rows, encoded.labels.length]),
      weight: new Tensor("float32", weight, [rows, 1]),
      ...(pair && {
        source_rows: rowChoice(rows, 0),
        target_rows: rowChoice(rows, rows),
        surface: stacked(examples.map(({ surface }) => must(surface, "surface of a pair"))),
      }),
    },
  };
}

/** 0/1 matrix [rows, 2 · rows] that takes `rows` rows from `offset` on. */
function rowChoice(rows: number, offset: number): Tensor {
  const choice = new Float32Array(rows * 2 * rows);
  for (let row = 0; row < rows; row++) choice[row * 2 * rows + offset + row] = 1;
  return new Tensor("float32", choice, [rows, 2 * rows]);
}
