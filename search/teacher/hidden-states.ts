import { must } from "../../src/invariant.ts";
import { openSession, Tensor } from "../../src/onnx/session.ts";
import { type Batch, toBatch } from "../../src/text/batch.ts";
import { gatherRows } from "../graph/row-adam.ts";
import { type InferenceOptions, inferenceGraph } from "../student/inference-graph.ts";
import type { Precision } from "../student/inference-tensors.ts";
import { tableName, weightOf } from "../student/weights.ts";
import type { Teacher } from "./teacher.ts";

/** A teacher ready to run: every hidden state and the pooled vector of a batch. */
export interface RunningTeacher {
  /** `hidden_<i>` float32 [rows, tokens, hidden] for i = 0 … layers, and `pooled` [rows, hidden]; only the named ones, if any are. */
  run(batch: Batch, names?: readonly string[]): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** The token table stays outside the graph: a batch uses few of its rows, and a graph with all of them would not fit 2 GiB. */
export async function startTeacher(
  teacher: Teacher,
  options: {
    readonly precision: Precision;
    readonly threads: number;
    readonly heads?: InferenceOptions["heads"];
    /** Layers, counted from 1, that also give `qkv_<i>` [rows, tokens, 3 · hidden]. @default none */
    readonly relationLayers?: readonly number[];
  },
): Promise<RunningTeacher> {
  const graph = inferenceGraph(teacher.architecture, teacher.weights, {
    precision: options.precision,
    layerNormEpsilon: teacher.layerNormEpsilon,
    heads: options.heads ?? [],
    hiddenStates: true,
    relationLayers: options.relationLayers ?? [],
    tableOutside: true,
  });
  const session = await openSession(graph, { threads: options.threads });
  const table = weightOf(teacher.weights, tableName).data;
  return {
    run: (batch, names) => session.run(embeddedFeeds(batch, table, teacher.architecture.tableWidth), names),
    release: () => session.release(),
  };
}

/** The inputs of a graph whose token table is outside. */
export function embeddedFeeds({ rows, tokens, ids, mask }: Batch, table: Float32Array, width: number) {
  const embedded = new Float32Array(ids.length * width);
  gatherRows(table, width, ids, embedded);
  return {
    embedded: new Tensor("float32", embedded, [rows, tokens, width]),
    mask: new Tensor("float32", mask, [rows, tokens]),
  };
}

/** Batches of similar length, as indices into `sequences`, longest last. */
export function inferenceBatches(sequences: readonly Int32Array[], tokensPerBatch: number): number[][] {
  const order = sequences.map((_, i) => i).sort((a, b) => must(sequences[a]).length - must(sequences[b]).length);
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const index of order) {
    if (batch.length > 0 && (batch.length + 1) * must(sequences[index]).length > tokensPerBatch) {
      batches.push(batch);
      batch = [];
    }
    batch.push(index);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Pads the chosen sequences. */
export function batchOf(sequences: readonly Int32Array[], indices: readonly number[], padId: number): Batch {
  return toBatch(
    indices.map((index) => must(sequences[index])),
    padId,
  );
}
