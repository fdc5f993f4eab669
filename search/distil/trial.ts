import type { Architecture } from "../../src/contract/architecture.ts";
import { createRandom } from "../../src/random.ts";
import { inferenceGraph } from "../student/inference-graph.ts";
import { ownFault } from "../student/own-fault.ts";
import type { StepPrecision } from "../student/training-graph.ts";
import type { Progress } from "../student/training-loop.ts";
import { type HeadShape, headParameters, initialWeight, type Weights } from "../student/weights.ts";
import { type Distilled, distil } from "./distil.ts";
import type { Heritage } from "./inherit.ts";
import type { StateTargets } from "./targets.ts";
import type { TransferKind } from "./transfer.ts";

export interface ProxyOptions {
  /** @default "hidden" */
  readonly transfer?: TransferKind;
  readonly tokens: number;
  readonly seed: number;
  readonly threads: number;
  readonly precision?: StepPrecision;
  readonly positions: number;
  /** Heads that the served artefact will have; they take part in its latency. */
  readonly heads: readonly HeadShape[];
  /** Multiple of the usual learning rate. @default 1 */
  readonly rateScale?: number;
  readonly onProgress: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export type ProxyResult =
  | {
      readonly status: "ok";
      readonly distilled: Distilled;
      /** int8, with untrained heads: what is timed. */
      readonly artefact: Uint8Array;
    }
  | { readonly status: "failed"; readonly reason: string };

/** Share of the proxy texts that the loss is taken on. */
const validationShare = 0.1;

/**
 * One trial: distils an architecture on the proxy set and builds the artefact to be timed. What is the trial's own fault (a
 * loss that is no number, memory) ends the trial; anything else ends the search.
 */
export async function runProxyTrial(
  a: Architecture,
  targets: StateTargets,
  heritage: Heritage,
  options: ProxyOptions,
): Promise<ProxyResult> {
  try {
    const validationTexts = Math.max(16, Math.round(targets.sequences.length * validationShare));
    const distilled = await distil(a, targets, heritage, { ...options, validationTexts });
    if (!Number.isFinite(distilled.pooledLoss))
      return { status: "failed", reason: "the validation loss is not a number" };
    const artefact = servedGraph(a, distilled.weights, options, heritage.teacher.layerNormEpsilon);
    return { status: "ok", distilled, artefact };
  } catch (error) {
    const reason = ownFault(error);
    if (reason === null) throw error;
    return { status: "failed", reason };
  }
}

function servedGraph(a: Architecture, encoder: Weights, options: ProxyOptions, layerNormEpsilon: number): Uint8Array {
  const random = createRandom(options.seed);
  const weights: Weights = new Map(encoder);
  const heads = options.heads.filter((head) => head.input === "text");
  for (const shape of heads.flatMap((head) => headParameters(a, head)))
    weights.set(shape.name, initialWeight(shape, random));
  return inferenceGraph(a, weights, { precision: "int8", layerNormEpsilon, heads });
}
