import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { ModelBuilder } from "../../../search/graph/model-builder.ts";
import { must } from "../../../src/invariant.ts";
import { freeTensors, openSession, Tensor } from "../../../src/onnx/session.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Twice: what the first one finds is given back by another thread, which the second one waits for. */
function collectGarbage(): void {
  collect();
  collect();
}

const length = 1 << 20;

/** y = x + x, z = −x. */
function twoOutputs(): Uint8Array {
  const b = new ModelBuilder();
  b.input("x", "float32", [length]);
  b.rawNode("Add", ["x", "x"], ["y"]);
  b.rawNode("Neg", ["x"], ["z"]);
  for (const name of ["y", "z"]) b.output(name, "float32", [length]);
  return b.toBytes();
}

test("run() writes pre-allocated outputs in place, gives those back, and leaves no copies of them behind", async () => {
  const session = await openSession(twoOutputs(), { threads: 1 });
  const x = new Tensor("float32", new Float32Array(length).fill(3), [length]);
  const y = new Tensor("float32", new Float32Array(length), [length]);
  await session.run({ x }, { y });
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 4; i++) expect((await session.run({ x }, { y })).y === y).toBe(true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * length);
  expect((y.data as Float32Array).every((value) => value === 6)).toBe(true);
  await session.release();
});

test("run() allocates what is null in the fetches, and that stays", async () => {
  const session = await openSession(twoOutputs(), { threads: 1 });
  const x = new Tensor("float32", new Float32Array(length).fill(3), [length]);
  const y = new Tensor("float32", new Float32Array(length), [length]);
  const { z } = await session.run({ x }, { y, z: null });
  expect((must(z).data as Float32Array).at(-1)).toBe(-3);
  await session.release();
});

test("freeTensors() gives the memory of a run's outputs back at once", async () => {
  const session = await openSession(twoOutputs(), { threads: 1 });
  const x = new Tensor("float32", new Float32Array(length), [length]);
  // What earlier tests left would otherwise be taken off amid this one.
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  const outputs = await session.run({ x });
  expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThanOrEqual(8 * length);
  freeTensors(Object.values(outputs));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * length);
  await session.release();
});
