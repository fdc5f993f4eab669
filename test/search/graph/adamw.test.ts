import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Adamw, AdamwParameter } from "../../../search/graph/adamw.ts";
import { adamwFloats, createAdamw } from "../../../search/graph/adamw.ts";
import { createArena } from "../../../search/graph/arena.ts";
import { BadFileError } from "../../../src/errors.ts";
import { createRandom } from "../../../src/random.ts";

interface DenseOracle {
  readonly parameters: readonly AdamwParameter[];
  readonly weightDecay: number;
  readonly clipNorm: number;
  readonly initial: Record<string, number[]>;
  readonly steps: readonly {
    readonly learningRate: number;
    readonly gradients: Record<string, number[]>;
    readonly gradientNorm: number;
    readonly expected: Record<string, number[]>;
  }[];
}

const answers = new URL("../../oracle/adamw/answers.json", import.meta.url);
const { dense } = JSON.parse(readFileSync(answers, "utf8")) as { dense: DenseOracle };

function create(parameters: readonly AdamwParameter[]): Adamw {
  return createAdamw(createArena(adamwFloats(parameters)), parameters);
}

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  return Array.from(actual).reduce((worst, x, i) => Math.max(worst, Math.abs(x - Number(expected[i]))), 0);
}

test("createAdamw() agrees with PyTorch's AdamW under clipping, decay and a scaled rate", () => {
  const adamw = create(dense.parameters);
  for (const { name } of dense.parameters) adamw.parameter(name).set(dense.initial[name] as number[]);
  for (const step of dense.steps) {
    for (const { name } of dense.parameters) adamw.gradient(name).set(step.gradients[name] as number[]);
    const { learningRate, gradientNorm } = step;
    const result = adamw.step({ learningRate, weightDecay: dense.weightDecay, clipNorm: dense.clipNorm });
    expect(result.gradientNorm).toBeCloseTo(gradientNorm, 5);
    for (const { name } of dense.parameters) {
      expect(largestDifference(adamw.parameter(name), step.expected[name] as number[])).toBeLessThan(2e-6);
    }
  }
});

/** The formula in float64, one element at a time. */
function plainAdamw(weights: number[], gradients: readonly number[][], rate: number, decay: number): number[] {
  return weights.map((start, i) => {
    let [p, m, v] = [start, 0, 0];
    gradients.forEach((gradient, step) => {
      const g = gradient[i] as number;
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const corrected = m / (1 - 0.9 ** (step + 1)) / (Math.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-8);
      p = p * (1 - rate * decay) - rate * corrected;
    });
    return p;
  });
}

test("step() agrees with the plain formula at lengths that fill no vector", () => {
  const random = createRandom(3);
  const normals = (length: number) => Array.from({ length }, () => random.normal());
  for (const length of [1, 3, 16, 17, 1000]) {
    const adamw = create([{ name: "w", length, decay: true }]);
    const start = normals(length);
    const gradients = Array.from({ length: 20 }, () => normals(length));
    adamw.parameter("w").set(start);
    for (const gradient of gradients) {
      adamw.gradient("w").set(gradient);
      adamw.step({ learningRate: 0.01, weightDecay: 0.1 });
    }
    expect(largestDifference(adamw.parameter("w"), plainAdamw(start, gradients, 0.01, 0.1))).toBeLessThan(5e-6);
  }
});

test("step() reports the global norm of a long gradient to six digits", () => {
  const length = 1_000_003;
  const adamw = create([{ name: "w", length, decay: true }]);
  const random = createRandom(5);
  let squares = 9;
  for (const [i] of adamw.gradient("w").entries()) {
    const g = Math.fround(random.next() - 0.5);
    adamw.gradient("w")[i] = g;
    squares += g * g;
  }
  const { gradientNorm, gradientScale } = adamw.step({ learningRate: 0, clipNorm: 1, otherSquares: 9 });
  expect(gradientNorm / Math.sqrt(squares)).toBeCloseTo(1, 6);
  expect(gradientScale).toBeCloseTo(1 / gradientNorm, 6);
});

test("step() changes nothing when a gradient is not finite", () => {
  const adamw = create([{ name: "w", length: 4, decay: true }]);
  adamw.parameter("w").fill(2);
  adamw.gradient("w").set([1, Number.NaN, 0, 0]);
  expect(adamw.step({ learningRate: 1, weightDecay: 0.5 }).gradientScale).toBe(0);
  expect(Array.from(adamw.parameter("w"))).toEqual([2, 2, 2, 2]);
  expect(adamw.state().steps).toBe(0);
});

test("restore() goes on exactly as the optimiser it was saved from", () => {
  const parameters = [{ name: "w", length: 40, decay: true }];
  const [first, second] = [create(parameters), create(parameters)];
  const run = (adamw: Adamw, from: number, to: number) => {
    for (let step = from; step < to; step++) {
      adamw.gradient("w").forEach((_, i, all) => {
        all[i] = Math.sin(step * 40 + i);
      });
      adamw.step({ learningRate: 0.1, weightDecay: 0.01, clipNorm: 1 });
    }
  };
  run(first, 0, 5);
  second.restore(structuredClone(first.state()));
  run(first, 5, 9);
  run(second, 5, 9);
  expect(second.parameter("w")).toEqual(first.parameter("w"));
});

test("restore() refuses a state of another model", () => {
  const state = create([{ name: "w", length: 40, decay: true }]).state();
  expect(() => create([{ name: "w", length: 60, decay: true }]).restore(state)).toThrow(BadFileError);
});

test("createAdamw() refuses two parameters of one name", () => {
  const twice = { name: "w", length: 4, decay: true };
  expect(() => create([twice, twice])).toThrow("two parameters are called w");
});
