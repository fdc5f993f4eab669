import type { Result } from "../../../src/contract/prediction.ts";
import { InvalidInputError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import type { Task } from "../../../src/tasks/task.ts";
import type { InferInput, Tensor } from "./shapes.ts";

/** Names of a task's inputs; a single one may be sent under any name. */
export function inputNames(task: Task): readonly string[] {
  return task.input === "pair" ? ["source", "target"] : ["text"];
}

/**
 * The texts of each item.
 * @param binary what follows the JSON in the body, if anything does.
 * @throws {InvalidInputError}
 */
export function toItems(task: Task, inputs: readonly InferInput[], binary: Buffer): string[][] {
  const names = inputNames(task);
  if (inputs.length !== names.length)
    throw new InvalidInputError(`${task.name} takes the inputs ${names.join(" and ")}`);
  const reader = createBinaryReader(binary);
  const texts = new Map(inputs.map((input) => [input.name, toTexts(input, reader)]));
  const columns = names.length === 1 ? [...texts.values()] : names.map((name) => columnNamed(texts, name));
  const [first = []] = columns;
  if (columns.some((column) => column.length !== first.length))
    throw new InvalidInputError(`inputs: ${names.join(" and ")} must have as many texts`);
  if (first.length === 0) throw new InvalidInputError("inputs: there is no text in them");
  return first.map((_, i) => columns.map((column) => must(column[i])));
}

function columnNamed(texts: ReadonlyMap<string, string[]>, name: string): string[] {
  const column = texts.get(name);
  if (column === undefined) throw new InvalidInputError(`inputs: there is none named ${name}`);
  return column;
}

function toTexts({ shape, data, parameters }: InferInput, reader: BinaryReader): string[] {
  const size = shape.reduce((product, n) => product * n, 1);
  const bytes = parameters?.binary_data_size;
  const texts = typeof bytes === "number" ? reader.read(bytes) : (data ?? []).flat(4);
  if (!texts.every((text) => typeof text === "string")) throw new InvalidInputError("inputs: data must be strings");
  if (texts.length !== size)
    throw new InvalidInputError(`inputs: a shape of ${size} texts, and data of ${texts.length}`);
  return texts;
}

interface BinaryReader {
  read(bytes: number): string[];
}

/** Tensors of the binary extension stand one after the other; of each text first its length, 4 bytes little-endian. */
function createBinaryReader(binary: Buffer): BinaryReader {
  let at = 0;
  const take = (bytes: number, end: number): Buffer => {
    if (!(bytes >= 0) || at + bytes > end) throw new InvalidInputError("inputs: the binary data end too early");
    at += bytes;
    return binary.subarray(at - bytes, at);
  };
  return {
    read: (bytes) => {
      const end = at + bytes;
      if (end > binary.length) throw new InvalidInputError("inputs: the binary data end too early");
      const texts: string[] = [];
      while (at < end) texts.push(take(take(4, end).readUInt32LE(), end).toString("utf8"));
      return texts;
    },
  };
}

/** `labels` and `scores` hold for each text its likeliest labels and their probabilities, in the same order. */
export function toOutputs(results: readonly Result[]): Tensor[] {
  const rows = results.map(({ scores }) => Object.entries(scores));
  const n = results.length;
  const shown = must(rows[0]).length;
  return [
    { name: "label", datatype: "BYTES", shape: [n], data: results.map(({ label }) => label) },
    { name: "score", datatype: "FP32", shape: [n], data: results.map(({ score }) => score) },
    { name: "labels", datatype: "BYTES", shape: [n, shown], data: rows.flatMap((row) => row.map(([label]) => label)) },
    { name: "scores", datatype: "FP32", shape: [n, shown], data: rows.flatMap((row) => row.map(([, score]) => score)) },
  ];
}

/** -1 is any number; how many labels are shown is the task's. */
export const outputMetadata = [
  { name: "label", datatype: "BYTES", shape: [-1] },
  { name: "score", datatype: "FP32", shape: [-1] },
  { name: "labels", datatype: "BYTES", shape: [-1, -1] },
  { name: "scores", datatype: "FP32", shape: [-1, -1] },
];
