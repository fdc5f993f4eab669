import type { Architecture } from "../../src/contract/architecture.ts";
import { BadFileError } from "../../src/errors.ts";
import type { Feeds, Tensor } from "../../src/onnx/session.ts";
import type { Batch } from "../../src/text/batch.ts";
import { CalledThread } from "../../src/threads/called-thread.ts";
import type { Failure } from "../../src/threads/calls.ts";
import type { Position } from "./checkpoint.ts";
import { copyWeights } from "./copy-weights.ts";
import type { StepResult, TrainerOptions } from "./trainer.ts";
import type { Objective } from "./training-graph.ts";
import type { Weights } from "./weights.ts";

/** A tensor on its way to the thread. */
type PlainTensor = Pick<Tensor, "type" | "data" | "dims">;

export interface Lesson {
  readonly objective: string;
  readonly batch: Batch;
  readonly targets: Readonly<Record<string, PlainTensor>>;
}

export interface NewTraining {
  readonly architecture: Architecture;
  readonly weights: Weights;
  readonly objectives: ReadonlyMap<string, Objective>;
  readonly options: TrainerOptions;
}

export type TrainingRequest =
  | ({ readonly kind: "open" } & NewTraining)
  | ({ readonly kind: "step"; readonly learningRate: number } & Lesson)
  | ({ readonly kind: "losses" } & Lesson)
  | { readonly kind: "weights" }
  | { readonly kind: "save"; readonly path: string; readonly position: Position }
  | { readonly kind: "load"; readonly path: string }
  | { readonly kind: "release" };

const entry = new URL("./training-worker.ts", import.meta.url);

/**
 * A `Trainer` in a thread of its own. The runtime hands out a copy of every gradient, and some tens of megabytes of them set off the
 * garbage collector: in this thread there is next to nothing for it to go through, where the main one holds a corpus. Batches are made
 * while it works, and several trainings go side by side.
 */
export interface TrainingThread {
  /** What it is given is copied before this returns. See `Trainer.step`. */
  step(objective: string, batch: Batch, targets: Feeds, learningRate: number): Promise<StepResult>;
  /** See `Trainer.losses`. */
  losses(objective: string, batch: Batch, targets: Feeds): Promise<Record<string, number>>;
  /** A copy of all weights, the token table included. */
  weights(): Promise<Weights>;
  /** See `saveCheckpoint`. */
  save(path: string, position: Position): Promise<void>;
  /** See `loadCheckpoint`. @throws {BadFileError} */
  load(path: string): Promise<Position>;
  /** Ends the thread. */
  release(): Promise<void>;
}

/** Does what is to be done with a training, and ends its thread. @throws {RangeError} when there is no memory for it. */
export async function withTraining<T>(
  training: NewTraining,
  use: (training: TrainingThread) => Promise<T>,
): Promise<T> {
  const thread = await startTraining(training);
  try {
    return await use(thread);
  } finally {
    await thread.release();
  }
}

/** @param training weights are copied. */
export async function startTraining(training: NewTraining): Promise<TrainingThread> {
  const thread = new CalledThread<TrainingRequest>(entry, { onDeath: () => {}, toError, lost });
  try {
    const { weights, buffers } = copyWeights(training.weights);
    await thread.call({ kind: "open", ...training, weights }, buffers);
  } catch (cause) {
    await thread.close();
    throw cause;
  }
  return toTraining(thread);
}

function toTraining(thread: CalledThread<TrainingRequest>): TrainingThread {
  const ask = <T>(request: TrainingRequest) => thread.call(request) as Promise<T>;
  return {
    step: (objective, batch, targets, learningRate) =>
      ask({ kind: "step", objective, batch, targets: toPlain(targets), learningRate }),
    losses: (objective, batch, targets) => ask({ kind: "losses", objective, batch, targets: toPlain(targets) }),
    weights: () => ask({ kind: "weights" }),
    save: (path, position) => ask({ kind: "save", path, position }),
    load: (path) => ask({ kind: "load", path }),
    release: async () => {
      // Of a thread that is lost there is nothing left to release.
      await ask({ kind: "release" }).catch(() => {});
      await thread.close();
    },
  };
}

function toPlain(feeds: Feeds): Lesson["targets"] {
  return Object.fromEntries(Object.entries(feeds).map(([name, { type, data, dims }]) => [name, { type, data, dims }]));
}

/** As `ownFault` tells them apart. */
function toError({ name, message, code }: Failure): Error {
  if (name === "BadFileError") return new BadFileError(message);
  if (name === "RangeError") return new RangeError(message);
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

function lost(reason: string): Error {
  return new Error(`the thread of a training was lost: ${reason}`);
}
