import type { FunctionCode } from "../../src/wasm/wasm-module.ts";
import {
  advance,
  defineFunction,
  encodeModule,
  f32,
  f32x4,
  i32,
  set,
  value,
  whileLoop,
} from "../../src/wasm/wasm-module.ts";
import type { WasmMemory } from "../../src/wasm/web-assembly.ts";
import { webAssembly } from "../../src/wasm/web-assembly.ts";

/**
 * The optimiser's inner loops in WebAssembly SIMD. Addresses are in bytes, multiples of 16. A plain loop over Float32Array
 * costs more than four times as much, since every element passes through a double, one at a time.
 */
export interface Kernels {
  /**
   * Sum of squares of the floats in [from, end), added up in float32: keep the stretches short. Takes eight floats at a time;
   * what it reads past the end has to be zero.
   */
  sumOfSquares(from: number, end: number): number;
  /**
   * One AdamW update (Loshchilov and Hutter 2019) of the floats in [parameter, end), four at a time. `settings` is the address
   * of the scalars in the order of `adamwSettings`. With g = scale · gradient:
   * m ← beta1 · m + rest1 · g; v ← beta2 · v + rest2 · g²; p ← keep · p − rate · m / (√v · correction + epsilon).
   */
  adamw(parameter: number, end: number, gradient: number, first: number, second: number, settings: number): void;
}

/** Places of the scalars of `adamw` in its settings. */
export const adamwSettings = {
  scale: 0,
  beta1: 1,
  rest1: 2,
  beta2: 3,
  rest2: 4,
  keep: 5,
  rate: 6,
  correction: 7,
  epsilon: 8,
} as const;

/** The kernels over this memory. */
export function createKernels(memory: WasmMemory): Kernels {
  const module = new webAssembly.Module(encodeModule([sumOfSquares(), adamw()]));
  return new webAssembly.Instance(module, { env: { memory } }).exports as Kernels;
}

const vectorBytes = 16;

function sumOfSquares(): FunctionCode {
  const parameters = { from: "i32", end: "i32" } as const;
  return defineFunction("sumOfSquares", parameters, { x: "v128", sum: "v128", sum2: "v128" }, ["f32"], (at) => [
    whileLoop(i32.lessThan(at.from, at.end), [
      set(at.x, f32x4.load(at.from)),
      set(at.sum, f32x4.add(at.sum, f32x4.mul(at.x, at.x))),
      set(at.x, f32x4.load(at.from, vectorBytes)),
      set(at.sum2, f32x4.add(at.sum2, f32x4.mul(at.x, at.x))),
      advance(at.from, 2 * vectorBytes),
    ]),
    set(at.sum, f32x4.add(at.sum, at.sum2)),
    value(
      f32.add(
        f32.add(f32x4.lane(at.sum, 0), f32x4.lane(at.sum, 1)),
        f32.add(f32x4.lane(at.sum, 2), f32x4.lane(at.sum, 3)),
      ),
    ),
  ]);
}

const addresses = { parameter: "i32", end: "i32", gradient: "i32", first: "i32", second: "i32" } as const;
const registers = { g: "v128", m: "v128", v: "v128" } as const;
/** The scalars, one copy a lane. */
const lanes = {
  ...{ scale: "v128", beta1: "v128", rest1: "v128", beta2: "v128", rest2: "v128" },
  ...{ keep: "v128", rate: "v128", correction: "v128", epsilon: "v128" },
} as const satisfies Record<keyof typeof adamwSettings, "v128">;

function adamw(): FunctionCode {
  const { add, sub, mul, div, sqrt, load, store, loadSplat } = f32x4;
  const settings = Object.entries(adamwSettings) as [keyof typeof adamwSettings, number][];
  return defineFunction("adamw", { ...addresses, settings: "i32" }, { ...lanes, ...registers }, [], (at) => [
    ...settings.map(([name, place]) => set(at[name], loadSplat(at.settings, place * 4))),
    whileLoop(i32.lessThan(at.parameter, at.end), [
      set(at.g, mul(load(at.gradient), at.scale)),
      set(at.m, add(mul(load(at.first), at.beta1), mul(at.g, at.rest1))),
      store(at.first, at.m),
      set(at.v, add(mul(load(at.second), at.beta2), mul(mul(at.g, at.g), at.rest2))),
      store(at.second, at.v),
      store(
        at.parameter,
        sub(mul(load(at.parameter), at.keep), div(mul(at.m, at.rate), add(mul(sqrt(at.v), at.correction), at.epsilon))),
      ),
      advance(at.parameter, vectorBytes),
      advance(at.gradient, vectorBytes),
      advance(at.first, vectorBytes),
      advance(at.second, vectorBytes),
    ]),
  ]);
}
