import type { Architecture } from "../../src/contract/architecture.ts";
import { type Feeds, Tensor } from "../../src/onnx/session.ts";
import { createRandom, type Random } from "../../src/random.ts";
import type { Batch } from "../../src/text/batch.ts";
import type { TrainerOptions } from "./trainer.ts";
import { type Objective, objectiveParameters, type StateMap } from "./training-graph.ts";
import { startTraining } from "./training-thread.ts";
import { encoderParameters, initialWeight, sizeOf, tableName, type Weights } from "./weights.ts";

/** Training on made-up texts and teacher states: to time steps, which do not depend on what is learned. */
export interface SyntheticTraining {
  step(): Promise<void>;
  /** No padding among them. */
  readonly tokensPerStep: number;
  release(): Promise<void>;
}

export interface SyntheticOptions {
  readonly rows: number;
  readonly tokens: number;
  readonly maps: readonly StateMap[];
  readonly teacherHidden: number;
  readonly trainer: TrainerOptions;
}

/** Distils an architecture with random weights from random states. */
export async function syntheticTraining(a: Architecture, options: SyntheticOptions): Promise<SyntheticTraining> {
  const random = createRandom(0);
  const objective: Objective = { kind: "distil", maps: options.maps, teacherHidden: options.teacherHidden };
  const weights = randomWeights(a, objective, options.trainer.positions, random);
  const objectives = new Map([["distil", objective]]);
  const training = await startTraining({ architecture: a, weights, objectives, options: options.trainer });
  const batch = randomBatch(a, options, random);
  const targets = randomTargets(options, random);
  return {
    step: async () => void (await training.step("distil", batch, targets, 1e-4)),
    tokensPerStep: options.rows * options.tokens,
    release: () => training.release(),
  };
}

function randomWeights(a: Architecture, objective: Objective, positions: number, random: Random): Weights {
  const shapes = [...encoderParameters(a, positions), ...objectiveParameters(a, objective)];
  shapes.push({ name: tableName, dims: [a.vocabulary, a.tableWidth] });
  return new Map(shapes.map((shape) => [shape.name, initialWeight(shape, random)]));
}

function randomBatch(a: Architecture, { rows, tokens }: SyntheticOptions, random: Random): Batch {
  const ids = Int32Array.from({ length: rows * tokens }, () => random.int(a.vocabulary));
  return { rows, tokens, ids, mask: new Float32Array(rows * tokens).fill(1) };
}

function randomTargets({ rows, tokens, maps, teacherHidden }: SyntheticOptions, random: Random): Feeds {
  const feeds: Record<string, Tensor> = {
    token_weight: floats([rows * tokens, 1], () => 1 / (rows * tokens)),
    row_weight: floats([rows, 1], () => 1 / rows),
  };
  for (const { teacherLayer } of maps) {
    const states = teacherLayer === "pooled" ? rows : rows * tokens;
    feeds[`teacher_${teacherLayer}`] = floats([states, teacherHidden], () => random.normal());
  }
  return feeds;
}

function floats(dims: readonly number[], value: () => number): Tensor {
  return new Tensor("float32", Float32Array.from({ length: sizeOf(dims) }, value), dims);
}
