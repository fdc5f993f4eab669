import { BadFileError } from "../../src/errors.ts";
import { invariant } from "../../src/invariant.ts";
import type { AdamHyperparameters } from "./adam-settings.ts";
import { adamDefaults, adamSettingsFloats, createAdamSettings } from "./adam-settings.ts";
import type { Arena } from "./arena.ts";
import { paddedLength } from "./arena.ts";

/**
 * AdamW (Loshchilov and Hutter 2019): Adam with bias correction, weight decay apart from the gradient, and clipping by the
 * global norm. Agrees with PyTorch's `clip_grad_norm_` followed by `AdamW.step()`. Knows flat stretches of floats only.
 */
export interface AdamwParameter {
  readonly name: string;
  /** Floats. */
  readonly length: number;
  /** Whether weight decay applies: matrices yes, biases and norms no. */
  readonly decay: boolean;
  /** Factor on the learning rate, for example of fresh heads on an inherited encoder. @default 1 */
  readonly lrScale?: number;
}

export interface AdamwStep {
  readonly learningRate: number;
  /** @default 0 */
  readonly weightDecay?: number;
  /** Global norm above which gradients are scaled down. @default Infinity (no clipping) */
  readonly clipNorm?: number;
  /** Sum of squares of gradients kept elsewhere (other optimisers', the token table's), which count in the global norm. @default 0 */
  readonly otherSquares?: number;
}

export interface AdamwResult {
  /** Global norm before clipping. When it is not finite the step was skipped and nothing changed. */
  readonly gradientNorm: number;
  /** Factor that was applied to the gradients; 0 when the step was skipped. Hand it to whatever else is clipped along. */
  readonly gradientScale: number;
}

/** What a checkpoint needs. The arrays are views of the live state: write or copy them before the next step. */
export interface AdamwState {
  /** Steps done. */
  readonly steps: number;
  /** All parameters in one row, each padded to a multiple of 16 floats; the moments likewise. */
  readonly parameters: Float32Array;
  readonly firstMoments: Float32Array;
  readonly secondMoments: Float32Array;
}

export interface Adamw {
  /** The weights, a live view: write initial values into it, hand it to the runtime as an input. */
  parameter(name: string): Float32Array<ArrayBuffer>;
  /** The gradient, a live view: hand it to the runtime as a pre-allocated output. */
  gradient(name: string): Float32Array<ArrayBuffer>;
  /** Sum of squares of the whole gradient, for a norm that covers more than this optimiser. */
  gradientSquares(): number;
  step(options: AdamwStep): AdamwResult;
  state(): AdamwState;
  /** Takes over a state of the same parameters. @throws BadFileError when the lengths differ. */
  restore(state: AdamwState): void;
}

/** Added to the norm that clipping divides by, as PyTorch does. */
const clipEpsilon = 1e-6;
/** Floats whose squares are summed in float32 before the sum goes on in float64. */
const squaresStretch = 16_384;

/** Floats of an arena that `createAdamw` will take. */
export function adamwFloats(parameters: readonly AdamwParameter[]): number {
  return 4 * paddedTotal(parameters) + adamSettingsFloats;
}

export function createAdamw(
  arena: Arena,
  parameters: readonly AdamwParameter[],
  hyperparameters: AdamHyperparameters = adamDefaults,
): Adamw {
  const total = paddedTotal(parameters);
  const weights = arena.allocate(total);
  const gradients = arena.allocate(total);
  const firstMoments = arena.allocate(total);
  const secondMoments = arena.allocate(total);
  const { placed, groups } = layOut(parameters);
  const settings = createAdamSettings(arena, hyperparameters);
  let steps = 0;

  const view = (all: Float32Array<ArrayBuffer>, name: string) => {
    const place = placed.get(name);
    invariant(place !== undefined, `no parameter is called ${name}`);
    return all.subarray(place.from, place.from + place.length);
  };

  const update = (group: Group, options: AdamwStep, gradientScale: number) => {
    const rate = options.learningRate * group.lrScale;
    settings.set({ steps, rate, gradientScale, weightDecay: group.decay ? (options.weightDecay ?? 0) : 0 });
    const at = (all: Float32Array) => all.byteOffset + group.from * 4;
    const end = at(weights) + group.length * 4;
    arena.kernels.adamw(at(weights), end, at(gradients), at(firstMoments), at(secondMoments), settings.address);
  };

  return {
    parameter: (name) => view(weights, name),
    gradient: (name) => view(gradients, name),
    gradientSquares: () => sumOfSquares(arena, gradients),
    step: (options) => {
      const gradientNorm = Math.sqrt(sumOfSquares(arena, gradients) + (options.otherSquares ?? 0));
      if (!Number.isFinite(gradientNorm)) return { gradientNorm, gradientScale: 0 };
      const gradientScale = Math.min(1, (options.clipNorm ?? Number.POSITIVE_INFINITY) / (gradientNorm + clipEpsilon));
      steps++;
      for (const group of groups) update(group, options, gradientScale);
      return { gradientNorm, gradientScale };
    },
    state: () => ({ steps, parameters: weights, firstMoments, secondMoments }),
    restore: (state) => {
      copyExactly(weights, state.parameters);
      copyExactly(firstMoments, state.firstMoments);
      copyExactly(secondMoments, state.secondMoments);
      steps = state.steps;
    },
  };
}

/** Sum of squares of a stretch of the arena whose length is a multiple of 16. */
export function sumOfSquares(arena: Arena, values: Float32Array): number {
  let sum = 0;
  for (let from = 0; from < values.length; from += squaresStretch) {
    const end = Math.min(from + squaresStretch, values.length);
    sum += arena.kernels.sumOfSquares(values.byteOffset + from * 4, values.byteOffset + end * 4);
  }
  return sum;
}

/** @throws BadFileError when the lengths differ. */
export function copyExactly<T extends Float32Array | Uint32Array>(target: T, source: T): void {
  if (target.length !== source.length) {
    throw new BadFileError(`a checkpoint of ${source.length} numbers does not fit a model of ${target.length}`);
  }
  target.set(source);
}

/** Neighbours that share their settings, updated in one go. */
interface Group {
  readonly from: number;
  readonly length: number;
  readonly decay: boolean;
  readonly lrScale: number;
}

/** Where each parameter lies: those with the same settings side by side. The padding between them stays zero. */
function layOut(parameters: readonly AdamwParameter[]) {
  const placed = new Map<string, { readonly from: number; readonly length: number }>();
  const groups: Group[] = [];
  let from = 0;
  for (const members of withSameSettings(parameters)) {
    const start = from;
    for (const { name, length } of members) {
      invariant(!placed.has(name), `two parameters are called ${name}`);
      placed.set(name, { from, length });
      from += paddedLength(length);
    }
    const { decay, lrScale = 1 } = members[0] as AdamwParameter;
    groups.push({ from: start, length: from - start, decay, lrScale });
  }
  return { placed, groups };
}

function withSameSettings(parameters: readonly AdamwParameter[]): Iterable<AdamwParameter[]> {
  const groups = new Map<string, AdamwParameter[]>();
  for (const parameter of parameters) {
    const key = `${parameter.decay} ${parameter.lrScale ?? 1}`;
    groups.set(key, [...(groups.get(key) ?? []), parameter]);
  }
  return groups.values();
}

function paddedTotal(parameters: readonly AdamwParameter[]): number {
  return parameters.reduce((sum, parameter) => sum + paddedLength(parameter.length), 0);
}
