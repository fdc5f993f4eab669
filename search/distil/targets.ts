import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../src/invariant.ts";
import { freeTensors, type Tensor } from "../../src/onnx/session.ts";
import { dropStaleDrafts, ownDraft } from "../../src/own-draft.ts";
import { fromFloat32, openSafetensors, toFloat32, writeSafetensors } from "../graph/safetensors.ts";
import { addWeights } from "../student/weights-hash.ts";
import { batchOf, inferenceBatches, startTeacher } from "../teacher/hidden-states.ts";
import type { Teacher } from "../teacher/teacher.ts";
import { fitScaler, type Scaler } from "./scaler.ts";

/**
 * The teacher's states over a set of texts, computed once and kept. Every dimension is standardised (mean 0, deviation 1 over
 * a sample of the texts), so that a squared error is the share of variance not explained and the encoder's few outlier
 * dimensions count no more than others; then stored as int8, an error of under 2 % of a deviation.
 */
export interface StateTargets {
  readonly sequences: readonly Int32Array[];
  /** Row of each text's first token in the token states. */
  readonly offsets: Int32Array;
  readonly hidden: number;
  /** Token states by teacher layer, [all tokens, hidden]. */
  readonly layers: ReadonlyMap<number, Int8Array>;
  /** Pooled states [texts, hidden]. */
  readonly pooled: Int8Array;
  /** What relations are made of, where they were asked for. */
  readonly relation: RelationTargets | null;
}

/** Queries, keys and values of a teacher layer. Their products count, so they keep their scale: value = scale · integer. */
export interface RelationTargets {
  /** [all tokens, 3 · hidden]. */
  readonly values: Int8Array;
  /** By column. */
  readonly scales: Float32Array;
}

export interface TargetOptions {
  readonly layers: readonly number[];
  /** Teacher layer, counted from 1, whose queries, keys and values are wanted. @default none */
  readonly relationLayer?: number | null;
  readonly threads: number;
  /** Folder to keep them in, by content. */
  readonly cacheFolder: string;
  readonly onProgress: (doneTokens: number, totalTokens: number) => void;
}

/** Deviations per step of the stored int8; ±8 deviations fit. */
const step = 8 / 127;
const tokensPerBatch = 1024;
/** Batches, spread over all lengths, from which means and deviations are taken. */
const sampleBatches = 12;

/** Computes the states, or reads them if they were computed before. */
export async function stateTargets(
  teacher: Teacher,
  sequences: readonly Int32Array[],
  options: TargetOptions,
): Promise<StateTargets> {
  const folder = join(options.cacheFolder, targetsKey(teacher, sequences, options));
  if (!existsSync(folder)) await compute(teacher, sequences, options, folder);
  return {
    sequences,
    offsets: offsetsOf(sequences),
    hidden: teacher.architecture.hidden,
    layers: new Map(options.layers.map((layer) => [layer, readStates(folder, stateName(layer))])),
    pooled: readStates(folder, "pooled"),
    relation: options.relationLayer ? readRelation(folder, options.relationLayer) : null,
  };
}

/** Writes one row of states to `out` at `to`, in deviations. */
export function unpackRow(states: Int8Array, row: number, hidden: number, out: Float32Array, to: number): void {
  const from = row * hidden;
  for (let k = 0; k < hidden; k++) out[to + k] = (states[from + k] as number) * step;
}

/** What is kept of each batch of the teacher's. */
interface KeptState {
  /** Of the teacher's output, and of its file. */
  readonly name: string;
  readonly width: number;
  /** A row each. */
  readonly of: "token" | "text";
  readonly isRelation: boolean;
}

type States = Readonly<Record<string, Tensor>>;

function allKept(hidden: number, { layers, relationLayer }: TargetOptions): KeptState[] {
  const states = layers.map(
    (layer): KeptState => ({ name: stateName(layer), width: hidden, of: "token", isRelation: false }),
  );
  const relation: KeptState[] = relationLayer
    ? [{ name: relationName(relationLayer), width: 3 * hidden, of: "token", isRelation: true }]
    : [];
  return [...states, ...relation, { name: "pooled", width: hidden, of: "text", isRelation: false }];
}

async function compute(
  teacher: Teacher,
  sequences: readonly Int32Array[],
  options: TargetOptions,
  folder: string,
): Promise<void> {
  const { threads, relationLayer } = options;
  const kept = allKept(teacher.architecture.hidden, options);
  const names = kept.map(({ name }) => name);
  const relationLayers = relationLayer ? [relationLayer] : [];
  const running = await startTeacher(teacher, { precision: "fp32", threads, relationLayers });
  try {
    const run = (indices: readonly number[]) => running.run(batchOf(sequences, indices, teacher.padId), names);
    const batches = inferenceBatches(sequences, tokensPerBatch);
    const scalers = fitScalers(kept, await Promise.all(spread(batches, sampleBatches).map(run)));
    const stored = await packAll(sequences, batches, { kept, scalers, run, onProgress: options.onProgress });
    keep(folder, stored, scalers);
  } finally {
    await running.release();
  }
}

function fitScalers(kept: readonly KeptState[], sample: readonly States[]): Map<string, Scaler> {
  return new Map(
    kept.map(({ name, width, isRelation }) => {
      const scaler = fitScaler(
        sample.map((states) => dataOf(states, name)),
        width,
      );
      return [name, isRelation ? unshifted(scaler) : scaler];
    }),
  );
}

interface Packing {
  readonly kept: readonly KeptState[];
  readonly scalers: ReadonlyMap<string, Scaler>;
  readonly run: (indices: readonly number[]) => Promise<States>;
  readonly onProgress: TargetOptions["onProgress"];
}

/** Runs all batches; what is kept of them by name, in the order of the texts. */
async function packAll(
  sequences: readonly Int32Array[],
  batches: readonly (readonly number[])[],
  { kept, scalers, run, onProgress }: Packing,
): Promise<Map<string, Int8Array>> {
  const offsets = offsetsOf(sequences);
  const totalTokens = must(offsets.at(-1));
  const rowsOf = ({ of }: KeptState) => (of === "token" ? totalTokens : sequences.length);
  const stored = new Map(kept.map((each) => [each.name, new Int8Array(rowsOf(each) * each.width)]));
  let done = 0;
  for (const indices of batches) {
    const states = await run(indices);
    const lengths = indices.map((index) => must(sequences[index]).length);
    for (const each of kept) {
      const source = dataOf(states, each.name);
      const [scaler, target] = [must(scalers.get(each.name)), must(stored.get(each.name))];
      for (const place of placesOf(each, indices, lengths, offsets)) pack(source, scaler, target, place);
    }
    freeTensors(Object.values(states));
    done += lengths.reduce((sum, length) => sum + length, 0);
    onProgress(done, totalTokens);
  }
  return stored;
}

interface Place {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** Where each text of a batch is in the teacher's output, and where in what is stored. */
function placesOf(
  { of, width }: KeptState,
  indices: readonly number[],
  lengths: readonly number[],
  offsets: Int32Array,
): Place[] {
  const padded = Math.max(...lengths);
  return indices.map((index, row) =>
    of === "token"
      ? { from: row * padded * width, to: must(offsets[index]) * width, rows: must(lengths[row]) }
      : { from: row * width, to: index * width, rows: 1 },
  );
}

function dataOf(states: States, name: string): Float32Array {
  return must(states[name], name).data as Float32Array;
}

/** Relations are products of the states as they are: 0 stays 0, and the mean counts into the deviation. */
function unshifted({ mean, deviation }: Scaler): Scaler {
  return { mean: new Float32Array(mean.length), deviation: deviation.map((d, k) => Math.hypot(d, mean[k] as number)) };
}

/** Standardises and rounds `rows` rows of floats, clipped to what int8 holds. */
function pack(source: Float32Array, { mean, deviation }: Scaler, target: Int8Array, place: Place): void {
  const hidden = mean.length;
  for (let i = 0; i < place.rows * hidden; i++) {
    const k = i % hidden;
    const scaled = ((source[place.from + i] as number) - (mean[k] as number)) / (deviation[k] as number) / step;
    target[place.to + i] = Math.max(-127, Math.min(127, Math.round(scaled)));
  }
}

/** In place only when complete. Another search may have been faster: its states are the same. */
function keep(folder: string, stored: ReadonlyMap<string, Int8Array>, scalers: ReadonlyMap<string, Scaler>): void {
  const building = ownDraft(folder);
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  dropStaleDrafts(folder);
  try {
    write(building, stored, scalers);
    renameSync(building, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/** A file a state: each is read when it is asked for, and only then. */
function write(building: string, stored: ReadonlyMap<string, Int8Array>, scalers: ReadonlyMap<string, Scaler>): void {
  for (const [name, values] of stored) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.length);
    writeSafetensors(
      join(building, `${name}.safetensors`),
      new Map([
        ["values", { type: "I8", dims: [values.length], bytes }],
        ["scales", scalesOf(must(scalers.get(name)))],
      ]),
    );
  }
}

function scalesOf({ deviation }: Scaler) {
  return fromFloat32(
    [deviation.length],
    deviation.map((d) => d * step),
  );
}

function readRelation(folder: string, layer: number): RelationTargets {
  const name = relationName(layer);
  const scales = toFloat32(openSafetensors(join(folder, `${name}.safetensors`)).read("scales"));
  return { values: readStates(folder, name), scales };
}

function readStates(folder: string, name: string): Int8Array {
  const { bytes } = openSafetensors(join(folder, `${name}.safetensors`)).read("values");
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function stateName(layer: number): string {
  return `hidden_${layer}`;
}

function relationName(layer: number): string {
  return `qkv_${layer}`;
}

/** Row of each text's first token, and the total at the end. */
function offsetsOf(sequences: readonly Int32Array[]): Int32Array {
  const offsets = new Int32Array(sequences.length + 1);
  sequences.forEach((sequence, i) => {
    offsets[i + 1] = must(offsets[i]) + sequence.length;
  });
  return offsets;
}

/** `count` items at even distances. */
function spread<T>(items: readonly T[], count: number): T[] {
  const stride = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, i) => must(items[Math.floor(i * stride)]));
}

function targetsKey(
  teacher: Teacher,
  sequences: readonly Int32Array[],
  { layers, relationLayer }: Pick<TargetOptions, "layers" | "relationLayer">,
): string {
  const hash = createHash("sha256")
    .update(layers.join())
    .update(relationLayer ? ` qkv ${relationLayer}` : "");
  addWeights(hash, teacher.weights);
  for (const ids of sequences) hash.update(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
  return hash.digest("hex").slice(0, 12);
}
