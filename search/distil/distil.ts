import type { Architecture } from "../../src/contract/architecture.ts";
import { createRandom } from "../../src/random.ts";
import { mean } from "../../src/stats.ts";
import { copiesLayers } from "../space/space.ts";
import { lengthBatches } from "../student/length-batches.ts";
import {
  mapName,
  mapParameters,
  type Objective,
  type StateMap,
  type StepPrecision,
} from "../student/training-graph.ts";
import { type Progress, runTraining } from "../student/training-loop.ts";
import { type TrainingThread, withTraining } from "../student/training-thread.ts";
import { sizeOf, type Weights } from "../student/weights.ts";
import { distilBatch, distilObjective, distilStream, type Imitation } from "./distil-stream.ts";
import { fitMaps } from "./fit-maps.ts";
import { type Heritage, inheritWeights } from "./inherit.ts";
import { stateMaps } from "./state-maps.ts";
import type { StateTargets } from "./targets.ts";
import type { TransferKind } from "./transfer.ts";

export interface DistilOptions {
  /** @default "hidden" */
  readonly transfer?: TransferKind;
  readonly tokens: number;
  readonly seed: number;
  readonly threads: number;
  readonly precision?: StepPrecision;
  readonly positions: number;
  /** Texts kept out of training, on which the loss is taken. */
  readonly validationTexts: number;
  /** Multiple of the usual learning rate. @default 1 */
  readonly rateScale?: number;
  readonly onProgress: (progress: Progress) => void;
  /** Also take the loss each time so many tokens have been seen. @default never */
  readonly curveTokens?: number;
  readonly checkpoint?: string;
  readonly signal?: AbortSignal;
}

/** A point of the learning curve. */
export interface CurvePoint {
  readonly tokens: number;
  readonly pooledLoss: number;
}

export interface Distilled {
  /** Encoder and token table; heads are not in it. */
  readonly weights: Weights;
  /** Mean squared error of the standardised token states on the validation texts; null for a static student, which has none. */
  readonly hiddenLoss: number | null;
  /** The same for the pooled state: share of the teacher's variance that the student does not explain. */
  readonly pooledLoss: number;
  readonly tokens: number;
  /** Empty unless `curveTokens` was given. */
  readonly curve: readonly CurvePoint[];
}

const batchLimits = { rows: 32, tokens: 1024 };
/** Smaller students take larger steps. */
function peakRate(a: Architecture): number {
  return a.layers === 0 ? 3e-3 : a.hidden >= 384 ? 5e-4 : 1e-3;
}

/** Multi-layer hidden-state distillation (`stateMaps`) of one architecture. @throws {DivergedError} */
export async function distil(
  a: Architecture,
  targets: StateTargets,
  heritage: Heritage,
  options: DistilOptions,
): Promise<Distilled> {
  const { teacher } = heritage;
  const random = createRandom(options.seed);
  const imitation = imitationOf(a, targets, teacher.architecture, options.transfer ?? "hidden");
  const { maps, relation } = imitation;
  const objective: Objective = { kind: "distil", maps, relation, teacherHidden: targets.hidden };
  const weights = await inheritWeights(a, options.positions, heritage, random);
  const texts = [...targets.sequences.keys()];
  const learned = texts.slice(options.validationTexts);
  const fitting = { texts: learned, teacher, threads: options.threads };
  const first = inherits(a, teacher.architecture)
    ? await fitMaps(a, weights, maps, targets, fitting)
    : zeroMaps(a, maps, targets.hidden);
  for (const [name, weight] of first) weights.set(name, weight);
  const training = {
    architecture: a,
    weights,
    objectives: new Map([[distilObjective, objective]]),
    options: {
      positions: options.positions,
      layerNormEpsilon: teacher.layerNormEpsilon,
      threads: options.threads,
      precision: options.precision,
      headRate: 4,
    },
  };
  const stream = distilStream(targets, learned, imitation, {
    seed: options.seed,
    limits: batchLimits,
    padId: teacher.padId,
  });
  return await withTraining(training, async (thread) => {
    const validation = texts.slice(0, options.validationTexts);
    const validate = () => validationLosses(thread, targets, validation, imitation, teacher.padId);
    const { curve, afterStep } = createCurve(options.curveTokens ?? Number.POSITIVE_INFINITY, validate);
    const { tokens } = await runTraining(thread, stream, {
      totalTokens: options.tokens,
      schedule: { peak: peakRate(a) * (options.rateScale ?? 1) },
      onProgress: options.onProgress,
      afterStep,
      signal: options.signal,
      ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
    });
    const losses = await validate();
    const encoder = new Map([...(await thread.weights())].filter(([name]) => !name.startsWith("map.")));
    return { weights: encoder, ...losses, tokens, curve };
  });
}

/** Whether a student's first states say something already: those of copied layers and of a static table do. */
function inherits(a: Architecture, teacher: Architecture): boolean {
  return a.layers === 0 || copiesLayers(a, teacher);
}

/**
 * Maps to the mean of the standardised targets. Fresh layers start with these: fitted to states that are about to change, maps hold
 * them back (1 × 192 after 160,000 tokens: loss .475 with these, .510 with fitted ones; copied 2 × 384: .423 and .380).
 */
function zeroMaps(a: Architecture, maps: readonly StateMap[], teacherHidden: number): Weights {
  const shapes = maps.flatMap((map) => mapParameters(a, map, teacherHidden));
  return new Map(shapes.map(({ name, dims }) => [name, { dims, data: new Float32Array(sizeOf(dims)) }]));
}

function createCurve(every: number, validate: () => Promise<{ readonly pooledLoss: number }>) {
  const curve: CurvePoint[] = [];
  const afterStep = async (tokens: number) => {
    if (tokens < every * (curve.length + 1)) return;
    const { pooledLoss } = await validate();
    curve.push({ tokens, pooledLoss });
  };
  return { curve, afterStep };
}

/** The pooled vector is imitated in every case: it is what the heads read, and what trials are compared by. */
function imitationOf(a: Architecture, targets: StateTargets, teacher: Architecture, transfer: TransferKind): Imitation {
  const states = stateMaps(a, teacher);
  const related = transfer !== "hidden" && a.layers > 0;
  const relation = related ? { teacherLayer: teacher.layers, heads: relationHeads(a.hidden, targets.hidden) } : null;
  const maps =
    transfer === "relation" && related ? states.filter(({ studentLayer }) => studentLayer === "pooled") : states;
  return { maps, relation, hidden: a.hidden };
}

/** The most relation heads, up to twelve, that divide both widths: finer relations say more. */
function relationHeads(student: number, teacher: number): number {
  for (let heads = 12; heads > 1; heads--) if (student % heads === 0 && teacher % heads === 0) return heads;
  return 1;
}

async function validationLosses(
  training: TrainingThread,
  targets: StateTargets,
  texts: readonly number[],
  imitation: Imitation,
  padId: number,
): Promise<{ hiddenLoss: number | null; pooledLoss: number }> {
  const { maps, relation } = imitation;
  const parts = maps.length + (relation === null ? 0 : 1);
  const lengths = texts.map((text) => (targets.sequences[text] as Int32Array).length);
  const sums = new Map<string, number>();
  for (const rows of lengthBatches(lengths, batchLimits, createRandom(0))) {
    const { batch, targets: feeds } = distilBatch(
      targets,
      rows.map((row) => texts[row] as number),
      imitation,
      padId,
    );
    const losses = await training.losses(distilObjective, batch, feeds);
    // The graph divides every part of the loss by their number.
    for (const map of maps) {
      const loss = (losses[`loss:${mapName(map)}`] as number) * parts;
      sums.set(mapName(map), (sums.get(mapName(map)) ?? 0) + (loss * rows.length) / texts.length);
    }
  }
  const hidden = maps.filter((map) => map.studentLayer !== "pooled").map((map) => sums.get(mapName(map)) as number);
  return {
    hiddenLoss: hidden.length === 0 ? null : mean(hidden),
    pooledLoss: sums.get("map.pooled.pooled") as number,
  };
}
