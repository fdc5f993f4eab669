import { createHash } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "../../src/contract/architecture.ts";
import { encoderFile, headsFile, pairFile } from "../../src/contract/graph-files.ts";
import { Manifest } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import type { Task } from "../../src/tasks/task.ts";
import { headsGraph, inferenceGraph, pairGraph } from "../student/inference-graph.ts";
import type { Precision } from "../student/inference-tensors.ts";
import { hasNgramHead, ngramArchitectureOf, ngramFile, ngramPart } from "../student/ngram-part.ts";
import { type HeadShape, tableName, type Weights } from "../student/weights.ts";
import { removeIfEmpty, replaceStudent } from "./replace-student.ts";
import { writeDescription } from "./write-description.ts";

/** The graphs and the tokeniser of a student in a folder of their own, not yet described. */
export interface StudentFiles {
  readonly folder: string;
  /** File names: `model.onnx`, `ngrams.onnx` where it reads some, `pair_<task>.onnx`, `tokenizer.json`, `heads.onnx` where it has one. */
  readonly names: readonly string[];
}

export interface GraphOptions {
  readonly layerNormEpsilon: number;
  /** A tokeniser that fits the student's token table. */
  readonly tokenizerPath: string;
  /**
   * Folder of a student that these weights are those of: its graphs are taken as they are, since scales that are read and written again
   * differ in their last digit. @default all are written
   */
  readonly unchanged?: string | undefined;
  /** Whether its n-grams are other ones all the same. @default false */
  readonly ngramsAnew?: boolean;
}

export function headFile({ name, input, beside }: Pick<Task, "name" | "input" | "beside">): string {
  if (input === "pair") return pairFile(name);
  return beside === undefined ? encoderFile : headsFile;
}

/** Writes the int8 graphs into `folder`, which is made anew. */
export function writeGraphs(
  folder: string,
  a: Architecture,
  weights: Weights,
  heads: readonly HeadShape[],
  options: GraphOptions,
): StudentFiles {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const text = heads.filter((head) => head.input === "text");
  const { layerNormEpsilon } = options;
  const graphs = new Map<string, () => Uint8Array>([
    [encoderFile, () => inferenceGraph(a, weights, { precision: "int8", layerNormEpsilon, heads: text })],
    ...ngramGraph(weights, text, layerNormEpsilon),
    ...pairGraphs(a, weights, heads, "int8"),
  ]);
  for (const [name, make] of graphs) {
    const isNew = options.unchanged === undefined || (name === ngramFile && options.ngramsAnew);
    if (isNew) writeFileSync(join(folder, name), make());
    else copyFileSync(join(options.unchanged as string, name), join(folder, name));
  }
  copyFileSync(options.tokenizerPath, join(folder, "tokenizer.json"));
  return { folder, names: [...graphs.keys(), "tokenizer.json"] };
}

/** Writes the graphs of heads over a finished encoder beside the others: one of all over single texts, one a task over pairs. */
export function writeHeads(
  { folder, names }: StudentFiles,
  a: Architecture,
  weights: Weights,
  heads: readonly HeadShape[],
): StudentFiles {
  const text = heads.filter(({ input }) => input === "text");
  const graphs = new Map<string, () => Uint8Array>([
    ...(text.length > 0 ? [[headsFile, () => headsGraph(a, weights, text)] as const] : []),
    ...pairGraphs(a, weights, heads, "fp32"),
  ]);
  for (const [name, make] of graphs) writeFileSync(join(folder, name), make());
  return { folder, names: [...names.filter((name) => !graphs.has(name)), ...graphs.keys()] };
}

function pairGraphs(
  a: Architecture,
  weights: Weights,
  heads: readonly HeadShape[],
  precision: Precision,
): [string, () => Uint8Array][] {
  const pairs = heads.filter(({ input }) => input === "pair");
  return pairs.map((head) => [pairFile(head.task), () => pairGraph(a, weights, head, precision)]);
}

/** None where the student reads no n-grams. */
function ngramGraph(
  weights: Weights,
  heads: readonly HeadShape[],
  layerNormEpsilon: number,
): [string, () => Uint8Array][] {
  const own = ngramPart(weights);
  if (own === null) return [];
  const known = heads.filter(({ task }) => hasNgramHead(own, task));
  const [rows, width] = must(own.get(tableName)).dims as [number, number];
  const options = { precision: "int8", layerNormEpsilon, heads: known } as const;
  return [[ngramFile, () => inferenceGraph(ngramArchitectureOf(rows, width), own, options)]];
}

export type Description = Omit<Manifest, "format" | "version" | "files" | "bytes" | "created">;

/** Writes card and manifest beside the graphs. */
export function describeStudent(files: StudentFiles, description: Description): Manifest {
  const hashes = Object.fromEntries(files.names.map((name) => [name, fileEntry(join(files.folder, name))]));
  const version = sha256(JSON.stringify(Object.entries(hashes).map(([name, { sha256 }]) => [name, sha256]))).slice(
    0,
    12,
  );
  const created = new Date().toISOString();
  // A student is timed right before it is described, unless its latency was taken over.
  const measured = description.latency.measured ?? created;
  const manifest: Manifest = Manifest.parse({
    ...description,
    latency: { ...description.latency, measured },
    format: 1,
    version,
    files: hashes,
    bytes: Object.values(hashes).reduce((sum, { bytes }) => sum + bytes, 0),
    created,
  });
  writeDescription(files.folder, manifest);
  return manifest;
}

/**
 * Puts a described student where the server looks: a reader sees the old student or the new one, never half of one, also when this is killed at any
 * moment. It is copied first, since the run's folder may lie on another volume, to a place one level deeper than servers look.
 */
export function promote(files: StudentFiles, models: string, name: string): void {
  const staging = join(models, ".staging");
  const [fresh, old] = [join(staging, name), join(staging, `${name}.old`)];
  for (const path of [fresh, old]) rmSync(path, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  cpSync(files.folder, fresh, { recursive: true });
  replaceStudent(models, name, fresh, old);
  rmSync(old, { recursive: true, force: true });
  removeIfEmpty(staging);
}

/** A file's entry in the manifest. */
export function fileEntry(path: string): { sha256: string; bytes: number } {
  return { sha256: sha256(readFileSync(path)), bytes: statSync(path).size };
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
