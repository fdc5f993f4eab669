import { invariant, must } from "../../src/invariant.ts";
import { type Feeds, Tensor } from "../../src/onnx/session.ts";
import { createRandom } from "../../src/random.ts";
import type { Batch } from "../../src/text/batch.ts";
import { type BatchLimits, lengthBatches } from "../student/length-batches.ts";
import { createScratch, type Scratch } from "../student/scratch.ts";
import type { RelationMap, StateMap } from "../student/training-graph.ts";
import type { TrainingBatch } from "../student/training-loop.ts";
import { batchOf } from "../teacher/hidden-states.ts";
import { type StateTargets, unpackRow } from "./targets.ts";

/** Name of the objective that distils hidden states. */
export const distilObjective = "distil";

/** What a student regresses onto. */
export interface Imitation {
  readonly maps: readonly StateMap[];
  readonly relation: RelationMap | null;
  /** Hidden width of the student. */
  readonly hidden: number;
}

/** Batches of texts with the teacher states of an imitation; `texts` are indices into the targets. */
export function* distilStream(
  targets: StateTargets,
  texts: readonly number[],
  imitation: Imitation,
  options: { readonly seed: number; readonly limits: BatchLimits; readonly padId: number },
): Generator<TrainingBatch, never> {
  invariant(texts.length > 0, "there are texts to distil from");
  const random = createRandom(options.seed);
  const scratch = createScratch();
  const lengths = texts.map((text) => must(targets.sequences[text]).length);
  for (;;) {
    for (const batch of lengthBatches(lengths, options.limits, random)) {
      yield distilBatch(
        targets,
        batch.map((i) => must(texts[i])),
        imitation,
        options.padId,
        scratch,
      );
    }
  }
}

/** The teacher's states in it are good until the next batch of the same scratch. */
export function distilBatch(
  targets: StateTargets,
  texts: readonly number[],
  imitation: Imitation,
  padId: number,
  scratch = createScratch(),
): TrainingBatch {
  const batch = batchOf(targets.sequences, texts, padId);
  const total = batch.mask.reduce((sum, m) => sum + m, 0);
  const tokenWeights = batch.mask.map((m) => m / total);
  const feeds: Record<string, Tensor> = {
    token_weight: new Tensor("float32", tokenWeights, [tokenWeights.length, 1]),
    row_weight: new Tensor("float32", new Float32Array(texts.length).fill(1 / texts.length), [texts.length, 1]),
  };
  for (const { teacherLayer } of imitation.maps) {
    feeds[`teacher_${teacherLayer}`] ??=
      teacherLayer === "pooled"
        ? pooledStates(targets, texts, scratch)
        : tokenStates(targets, texts, batch, teacherLayer, scratch);
  }
  if (imitation.relation !== null)
    Object.assign(feeds, relationFeeds(targets, texts, batch, imitation, { tokenWeights, scratch }));
  return { objective: distilObjective, batch, targets: feeds satisfies Feeds };
}

function relationFeeds(
  targets: StateTargets,
  texts: readonly number[],
  { rows, tokens }: Batch,
  { relation, hidden }: Imitation,
  { tokenWeights, scratch }: { readonly tokenWeights: Float32Array<ArrayBuffer>; readonly scratch: Scratch },
): Feeds {
  const { heads } = must(relation);
  const shape = (width: number) => BigInt64Array.from([rows, tokens, 3, heads, width / heads], BigInt);
  return {
    shape_relation: new Tensor("int64", shape(hidden), [5]),
    shape_teacher_relation: new Tensor("int64", shape(targets.hidden), [5]),
    relation_weight: new Tensor("float32", tokenWeights, [rows, 1, tokens, 1]),
    teacher_qkv: queriesKeysValues(targets, texts, { rows, tokens }, scratch),
  };
}

/** [rows · tokens, 3 · hidden]; padding stays 0. */
function queriesKeysValues(
  { relation, offsets, sequences, hidden }: StateTargets,
  texts: readonly number[],
  { rows, tokens }: { rows: number; tokens: number },
  scratch: Scratch,
): Tensor {
  const { values, scales } = must(relation, "queries, keys and values of the teacher");
  const width = 3 * hidden;
  const out = scratch.floats("qkv", rows * tokens * width);
  texts.forEach((text, row) => {
    const from = must(offsets[text]) * width;
    const to = row * tokens * width;
    const length = must(sequences[text]).length * width;
    for (let i = 0; i < length; i++) out[to + i] = (values[from + i] as number) * (scales[i % width] as number);
  });
  return new Tensor("float32", out, [rows * tokens, width]);
}

function pooledStates({ pooled, hidden }: StateTargets, texts: readonly number[], scratch: Scratch): Tensor {
  const out = scratch.floats("pooled", texts.length * hidden);
  texts.forEach((text, row) => {
    unpackRow(pooled, text, hidden, out, row * hidden);
  });
  return new Tensor("float32", out, [texts.length, hidden]);
}

/** [rows · tokens, hidden]; padding stays 0 and weighs nothing. */
function tokenStates(
  targets: StateTargets,
  texts: readonly number[],
  batch: Batch,
  layer: number,
  scratch: Scratch,
): Tensor {
  const { hidden, offsets, sequences } = targets;
  const states = must(targets.layers.get(layer), `states of teacher layer ${layer}`);
  const out = scratch.floats(`layer ${layer}`, batch.rows * batch.tokens * hidden);
  texts.forEach((text, row) => {
    const start = must(offsets[text]);
    for (let t = 0; t < must(sequences[text]).length; t++) {
      unpackRow(states, start + t, hidden, out, (row * batch.tokens + t) * hidden);
    }
  });
  return new Tensor("float32", out, [batch.rows * batch.tokens, hidden]);
}
