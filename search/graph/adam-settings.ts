import type { Arena } from "./arena.ts";
import { paddedLength } from "./arena.ts";
import { adamwSettings as places } from "./wasm-kernels.ts";

export interface AdamHyperparameters {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export const adamDefaults: AdamHyperparameters = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

const length = Object.keys(places).length;

/** Floats of an arena that the settings of one optimiser take. */
export const adamSettingsFloats = paddedLength(length);

/** The scalars of one kernel call, laid out where the kernel reads them. */
export interface AdamSettings {
  /** In bytes. */
  readonly address: number;
  /** `steps` counts the coming update in: it sets the bias correction. */
  set(update: {
    readonly steps: number;
    readonly rate: number;
    readonly gradientScale: number;
    readonly weightDecay: number;
  }): void;
}

export function createAdamSettings(arena: Arena, { beta1, beta2, epsilon }: AdamHyperparameters): AdamSettings {
  const values = arena.allocate(length);
  values[places.beta1] = beta1;
  values[places.rest1] = 1 - beta1;
  values[places.beta2] = beta2;
  values[places.rest2] = 1 - beta2;
  values[places.epsilon] = epsilon;
  return {
    address: values.byteOffset,
    set: ({ steps, rate, gradientScale, weightDecay }) => {
      values[places.scale] = gradientScale;
      values[places.keep] = 1 - rate * weightDecay;
      values[places.rate] = rate / (1 - beta1 ** steps);
      values[places.correction] = 1 / Math.sqrt(1 - beta2 ** steps);
    },
  };
}
