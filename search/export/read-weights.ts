import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "../../src/contract/architecture.ts";
import { encoderFile, isAdded } from "../../src/contract/graph-files.ts";
import type { Manifest, ManifestTask, Ngrams } from "../../src/contract/manifest.ts";
import { BadFileError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { asGraphOf, graphField, graphParts, tensorField, textIn } from "../../src/onnx/graph-parts.ts";
import { protoFields } from "../../src/onnx/protobuf.ts";
import { surfaceWidth } from "../../src/pairs/surface-features.ts";
import { asBeside } from "../../src/tasks/declared.ts";
import { taskOf } from "../../src/tasks/index.ts";
import { headOf } from "../student/encoded-task.ts";
import { asNgramPart, hasNgramHead, ngramArchitectureOf } from "../student/ngram-part.ts";
import { restoreBlocks, restoreColumns, tableBlock } from "../student/quantize.ts";
import {
  type HeadShape,
  isHeadInput,
  type ParameterShape,
  sizeOf,
  studentParameters,
  tableName,
  type Weight,
  type Weights,
} from "../student/weights.ts";

/** Bytes of a graph's constants by name, little-endian. */
type Constants = ReadonlyMap<string, Uint8Array>;

/**
 * The weights of a student from its int8 graphs, as float32: what it can be trained on from where the run that made it is gone.
 * What the quantisation cost is in them.
 * @throws {BadFileError} when the graphs do not hold the weights of the manifest's architecture.
 */
export function readWeights(
  folder: string,
  { architecture: a, tasks, ngrams }: Pick<Manifest, "architecture" | "tasks" | "ngrams">,
): Weights {
  const graphs = [...new Set([encoderFile, ...tasks.map(({ file }) => file)])];
  const heads = tasks.map(headOfEntry);
  const encoder = weightsIn(folder, graphs, a, heads);
  return ngrams === undefined ? encoder : new Map([...encoder, ...readNgramPart(folder, ngrams, heads)]);
}

/** The head of a manifest's entry. */
export function headOfEntry(entry: ManifestTask): HeadShape {
  const task = taskOf(entry);
  return headOf(isAdded(entry) ? asBeside(task) : task, entry.labels);
}

/** Its heads are those of the student that the graph has, and its width is the table's. */
function readNgramPart(folder: string, { file, rows }: Ngrams, heads: readonly HeadShape[]): Weights {
  const constants = new Map(readConstants(join(folder, file)));
  const own = heads.filter(({ task }) => hasNgramHead(constants, task));
  const width = (2 * (constants.get("table_int4")?.length ?? 0)) / rows;
  return asNgramPart(weightsIn(folder, [file], ngramArchitectureOf(rows, width), own));
}

function weightsIn(folder: string, files: readonly string[], a: Architecture, heads: readonly HeadShape[]): Weights {
  const constants: Constants = new Map(files.flatMap((file) => readConstants(join(folder, file))));
  const positions = (constants.get("position")?.length ?? 0) / 4 / a.tableWidth;
  const shapes = studentParameters(a, positions, heads);
  try {
    return new Map(shapes.map((shape) => [shape.name, restore(shape, constants)]));
  } catch (cause) {
    throw new BadFileError(`${folder}: its graphs do not hold the weights that its manifest describes`, { cause });
  }
}

function readConstants(path: string): [string, Uint8Array][] {
  return asGraphOf(path, () => {
    const { parts } = graphParts(readFileSync(path));
    const tensors = parts.filter(({ field }) => field === graphField.initializer);
    return tensors.map(({ bytes: tensor }) => {
      const raw = [...protoFields(tensor)].find(({ field }) => field === tensorField.raw);
      return [textIn(tensor, tensorField.name), raw?.bytes ?? new Uint8Array()];
    });
  });
}

function restore({ name, dims }: ParameterShape, constants: Constants): Weight {
  const [rows, columns] = [must(dims[0]), dims[1] ?? 0];
  if (name === tableName) {
    const blocks = Math.ceil(columns / tableBlock);
    const data = constantOf(constants, "table_int4", (rows * columns) / 2);
    return restoreBlocks(dims, { data, scales: floats(constants, "table_scale", rows * blocks), blocks });
  }
  const known = isWithoutSurface(name, dims, constants) ? [rows - surfaceWidth, columns] : dims;
  if (!constants.has(`${name}_int8`)) return { dims: known, data: floats(constants, name, sizeOf(known)) };
  const data = new Int8Array(constantOf(constants, `${name}_int8`, sizeOf(known)));
  return restoreColumns({ dims: known, data, scales: floats(constants, `${name}_scale`, columns) });
}

/** Whether a head over pairs was made before there were surface features. */
function isWithoutSurface(name: string, [rows = 0, columns = 0]: readonly number[], constants: Constants): boolean {
  const numbers = (rows - surfaceWidth) * columns;
  return (
    isHeadInput(name) &&
    (constants.get(name)?.length === 4 * numbers || constants.get(`${name}_int8`)?.length === numbers)
  );
}

function floats(constants: Constants, name: string, count: number): Float32Array {
  // copied, since a float's place in a file need not be a multiple of four
  return new Float32Array(new Uint8Array(constantOf(constants, name, 4 * count)).buffer);
}

function constantOf(constants: Constants, name: string, bytes: number): Uint8Array {
  const found = constants.get(name);
  if (found?.length !== bytes) throw new RangeError(`${name}: ${found?.length ?? "no"} bytes, not ${bytes}`);
  return found;
}
