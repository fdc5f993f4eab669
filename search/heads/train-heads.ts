import type { Architecture } from "../../src/contract/architecture.ts";
import { createRandom } from "../../src/random.ts";
import { fineTuningShareOf, shareOf } from "../corpus/known-sets.ts";
import { type EncodedTask, headsOf } from "../student/encoded-task.ts";
import { trainingStream } from "../student/task-stream.ts";
import type { Objective, StepPrecision } from "../student/training-graph.ts";
import { type Progress, trainToEnd } from "../student/training-loop.ts";
import { headParameters, initialWeight, type Weights } from "../student/weights.ts";

export interface HeadTrainingOptions {
  readonly tokens: number;
  readonly seed: number;
  readonly threads: number;
  readonly precision?: StepPrecision;
  readonly positions: number;
  readonly layerNormEpsilon: number;
  readonly padId: number;
  readonly onProgress: (progress: Progress) => void;
  readonly checkpoint?: string;
  readonly signal?: AbortSignal;
  /** Whether heads and encoder have learned these tasks before, and have only to take up what is new. @default false */
  readonly further?: boolean;
  /** Peak learning rate, as a share of that of a student that learns for the first time. @default 1, of a finished one `furtherRate` */
  readonly rate?: number;
}

/** Static students have short steps and sparse gradients: more rows a step. */
function batchLimits(a: Architecture) {
  return a.layers === 0 ? { rows: 128, tokens: 6144 } : { rows: 48, tokens: 2048 };
}

export function peakRate(a: Architecture): number {
  return a.layers === 0 ? 2e-3 : a.hidden >= 384 ? 2e-4 : 4e-4;
}

/**
 * Of the rate of a student that learns a task for the first time: at that, a finished one loses for a fifth of a round and spends the rest on
 * coming back. 3x384 alone, 4M tokens at the full rate and 3M at this: sentiment sets 62.1 and 62.4, sentiment suite 76.8 and 78.7 (where
 * the teacher was believed about more, too), adequacy 42.7 and 43.9, NTREX 93.2 and 93.7. A long round bears more: before, after 6M tokens at this
 * and after 12M at twice of it (teachers asked about twice as much) the filter suite has 93.2, 94.4, 94.8 and HateCheck 79.0, 78.4, 79.6 (area under
 * the curve), adequacy 42.7, 43.3, 44.6.
 */
export const furtherRate = 0.4;

/** A bag of tokens is learned by heart in a few passes; layers are less prone to it. */
function tokenDropout(a: Architecture): number {
  return a.layers === 0 ? 0.4 : 0.1;
}

/**
 * Fine-tunes a distilled student on all tasks at once; returns all weights. Heads that it does not have yet start fresh. One with
 * layers makes as few passes over the data as the teacher does, and draws from data sets as it does. @throws {DivergedError}
 */
export async function trainHeads(
  a: Architecture,
  start: Weights,
  tasks: readonly EncodedTask[],
  options: HeadTrainingOptions,
): Promise<Weights> {
  const weights = withFreshHeads(a, start, tasks, options.seed);
  const dataSetShare = drawnShare(a);
  const rate = options.rate ?? (options.further ? furtherRate : 1);
  return await trainTasks(a, weights, tasks, { ...options, peakRate: rate * peakRate(a), dataSetShare });
}

/** How often such a student draws from a data set, beside the root of its size. */
export function drawnShare({ layers }: Pick<Architecture, "layers">): (dataSet: string) => number {
  return layers === 0 ? shareOf : fineTuningShareOf;
}

/** Weights with fresh heads for those tasks that have none in them. */
export function withFreshHeads(a: Architecture, start: Weights, tasks: readonly EncodedTask[], seed: number): Weights {
  const random = createRandom(seed);
  const shapes = headsOf(tasks).flatMap((head) => headParameters(a, head));
  const fresh = shapes.map((shape) => [shape.name, initialWeight(shape, random)] as const);
  return new Map([...start, ...fresh.filter(([name]) => !start.has(name))]);
}

interface TaskTrainingOptions extends HeadTrainingOptions {
  /** Of the encoder's learning rate. */
  readonly peakRate: number;
  /** Weight of a data set in the draw, beside the root of its size. */
  readonly dataSetShare: (dataSet: string) => number;
  /** The token table is not learned. @default false */
  readonly frozenTable?: boolean;
}

/** Trains a student and heads that it has already, from where they are; returns all weights. @throws {DivergedError} */
export async function trainTasks(
  a: Architecture,
  weights: Weights,
  tasks: readonly EncodedTask[],
  options: TaskTrainingOptions,
): Promise<Weights> {
  const objectives = new Map<string, Objective>(headsOf(tasks).map((head) => [head.task, { kind: "task", head }]));
  const training = {
    architecture: a,
    ...{ weights, objectives },
    options: {
      positions: options.positions,
      layerNormEpsilon: options.layerNormEpsilon,
      threads: options.threads,
      precision: options.precision,
      ...(options.frozenTable && { frozenTable: true }),
      headRate: a.layers === 0 || options.further ? 1 : 5,
    },
  };
  const stream = trainingStream(tasks, {
    seed: options.seed,
    limits: batchLimits(a),
    padId: options.padId,
    dataSetShare: options.dataSetShare,
    tokenDropout: tokenDropout(a),
  });
  return await trainToEnd(training, stream, {
    totalTokens: options.tokens,
    schedule: { peak: options.peakRate },
    onProgress: options.onProgress,
    signal: options.signal,
    ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
  });
}
