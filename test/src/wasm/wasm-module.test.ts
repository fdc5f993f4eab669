import { expect, test } from "vitest";
import { advance, defineFunction, encodeModule, f32x4, i32, value, whileLoop } from "../../../src/wasm/wasm-module.ts";
import { webAssembly } from "../../../src/wasm/web-assembly.ts";

function instantiate(...functions: Parameters<typeof encodeModule>[0]) {
  const memory = new webAssembly.Memory({ initial: 1, maximum: 1 });
  const module = new webAssembly.Module(encodeModule(functions));
  const { exports } = new webAssembly.Instance(module, { env: { memory } });
  return { exports: exports as Record<string, (...values: number[]) => number>, memory };
}

test("i32.const() encodes numbers of every length and sign", () => {
  const numbers = [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, -8193, 2 ** 20, 2 ** 31 - 1, -(2 ** 31)];
  const functions = numbers.map((n) => defineFunction(`n${n}`, {}, {}, ["i32"], () => [i32.const(n)]));
  const { exports } = instantiate(...functions);
  expect(numbers.map((n) => exports[`n${n}`]?.())).toEqual(numbers);
});

test("whileLoop() tests before the first round", () => {
  const count = defineFunction("count", { from: "i32", end: "i32" }, { rounds: "i32" }, ["i32"], (at) => [
    whileLoop(i32.lessThan(at.from, at.end), [advance(at.from, 4), advance(at.rounds, 1)]),
    value(at.rounds),
  ]);
  const { exports } = instantiate(count);
  expect([exports.count?.(0, 0), exports.count?.(0, 1), exports.count?.(0, 400)]).toEqual([0, 1, 100]);
});

test("f32x4 operations compute lane by lane", () => {
  const { load, store, add, sub, mul, div, sqrt, loadSplat } = f32x4;
  const run = defineFunction("run", { a: "i32", b: "i32", out: "i32" }, {}, [], (at) => [
    store(at.out, add(load(at.a), load(at.b))),
    store(at.out, sub(load(at.a), load(at.b)), 16),
    store(at.out, mul(load(at.a), loadSplat(at.b, 32)), 32),
    store(at.out, div(load(at.a), load(at.b)), 48),
    store(at.out, sqrt(load(at.b, 16)), 64),
  ]);
  const { exports, memory } = instantiate(run);
  const floats = new Float32Array(memory.buffer);
  floats.set([1, 2, 3, 4, 8, 4, 2, 1, 0, 1, 4, 9, 10]);
  exports.run?.(0, 16, 256);
  const lanes = [
    [9, 6, 5, 5],
    [-7, -2, 1, 3],
    [10, 20, 30, 40],
    [0.125, 0.5, 1.5, 4],
    [0, 1, 2, 3],
  ];
  expect(Array.from(floats.subarray(64, 84))).toEqual(lanes.flat());
});
