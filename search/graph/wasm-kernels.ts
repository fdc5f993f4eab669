import type { FunctionCode } from "./wasm-module.ts";
import { advance, defineFunction, encodeModule, f32, f32x4, i32, set, value, whileLoop } from "./wasm-module.ts";
import type { WasmMemory } from "./web-assembly.ts";
import { webAssembly } from "./web-assembly.ts";

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
   * One AdamW update (Loshchilov and Hutter 2019) of the floats in [parameter, end), four at a time. With g = scale · gradient:
   * m ← beta1 · m + rest1 · g; v ← beta2 · v + rest2 · g²; p ← keep · p − rate · m / (√v · correction + epsilon).
   */
  adamw(
    ...regions: [
      ...[parameter: number, end: number, gradient: number, first: number, second: number],
      ...[scale: number, beta1: number, rest1: number, beta2: number, rest2: number],
      ...[keep: number, rate: number, correction: number, epsilon: number],
    ]
  ): void;
}

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
const gradientScalars = { scale: "f32", beta1: "f32", rest1: "f32", beta2: "f32", rest2: "f32" } as const;
const stepScalars = { keep: "f32", rate: "f32", correction: "f32", epsilon: "f32" } as const;
/** The same scalars, one copy a lane. */
const gradientLanes = { scales: "v128", beta1s: "v128", rest1s: "v128", beta2s: "v128", rest2s: "v128" } as const;
const stepLanes = { keeps: "v128", rates: "v128", corrections: "v128", epsilons: "v128" } as const;
const registers = { g: "v128", m: "v128", v: "v128" } as const;

function adamw(): FunctionCode {
  const parameters = { ...addresses, ...gradientScalars, ...stepScalars };
  const { add, sub, mul, div, sqrt, load, store, splat } = f32x4;
  return defineFunction("adamw", parameters, { ...gradientLanes, ...stepLanes, ...registers }, [], (at) => [
    set(at.scales, splat(at.scale)),
    set(at.beta1s, splat(at.beta1)),
    set(at.rest1s, splat(at.rest1)),
    set(at.beta2s, splat(at.beta2)),
    set(at.rest2s, splat(at.rest2)),
    set(at.keeps, splat(at.keep)),
    set(at.rates, splat(at.rate)),
    set(at.corrections, splat(at.correction)),
    set(at.epsilons, splat(at.epsilon)),
    whileLoop(i32.lessThan(at.parameter, at.end), [
      set(at.g, mul(load(at.gradient), at.scales)),
      set(at.m, add(mul(load(at.first), at.beta1s), mul(at.g, at.rest1s))),
      store(at.first, at.m),
      set(at.v, add(mul(load(at.second), at.beta2s), mul(mul(at.g, at.g), at.rest2s))),
      store(at.second, at.v),
      store(
        at.parameter,
        sub(
          mul(load(at.parameter), at.keeps),
          div(mul(at.m, at.rates), add(mul(sqrt(at.v), at.corrections), at.epsilons)),
        ),
      ),
      advance(at.parameter, vectorBytes),
      advance(at.gradient, vectorBytes),
      advance(at.first, vectorBytes),
      advance(at.second, vectorBytes),
    ]),
  ]);
}
