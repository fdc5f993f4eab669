import { expect, test } from "vitest";
import { ModelBuilder } from "../../../search/graph/model-builder.ts";
import { openSession, Tensor } from "../../../src/onnx/session.ts";

async function run(builder: ModelBuilder, feeds: Record<string, Tensor>) {
  const session = await openSession(builder.toBytes(), { threads: 1 });
  const outputs = await session.run(feeds);
  await session.release();
  return outputs;
}

test("toBytes() is a model that the runtime opens and runs, with named dimensions", async () => {
  const b = new ModelBuilder();
  const x = b.input("x", "float32", ["rows", 2]);
  const w = b.initializer("w", "float32", [2, 2], Float32Array.of(1, 2, 3, 4));
  b.rawNode("MatMul", [x, w], ["y"]);
  b.output("y", "float32", ["rows", 2]);
  const { y } = await run(b, { x: new Tensor("float32", Float32Array.of(1, 0, 0, 1, 1, 1), [3, 2]) });
  expect(Array.from((y as Tensor).data as Float32Array)).toEqual([1, 2, 3, 4, 4, 6]);
});

test("attributes keep their kinds: integers, floats, lists and strings", async () => {
  const b = new ModelBuilder();
  const x = b.input("x", "float32", [1, 2]);
  const turned = b.node("Transpose", [x], { perm: [1, 0] });
  const product = b.node("Gemm", [turned, x], { alpha: 2, transA: 1, transB: 1 });
  b.rawNode("Gelu", [product], ["y"], { approximate: "none" });
  b.output("y", "float32", [1, 1]);
  const { y } = await run(b, { x: new Tensor("float32", Float32Array.of(3, 4), [1, 2]) });
  expect(((y as Tensor).data as Float32Array)[0]).toBeCloseTo(50, 4);
});

test("integers() and scalar() store equal constants once", () => {
  const b = new ModelBuilder();
  expect(b.integers([1, -1])).toBe(b.integers([1, -1]));
  expect(b.integers([1, -1])).not.toBe(b.integers([1]));
  expect(b.scalar(0.5)).toBe(b.scalar(0.5));
  expect(b.scalar(1)).not.toBe(b.integers([1]));
});

test("nodeWith() gives each output a name of its own", async () => {
  const b = new ModelBuilder();
  const parts = b.nodeWith("Split", [b.input("x", "float32", [3]), b.integers([1, 2])], 2, { axis: 0 });
  b.rawNode("Identity", [parts[1] as string], ["y"]);
  b.output("y", "float32", [2]);
  const { y } = await run(b, { x: new Tensor("float32", Float32Array.of(1, 2, 3), [3]) });
  expect(new Set(parts).size).toBe(2);
  expect(Array.from((y as Tensor).data as Float32Array)).toEqual([2, 3]);
});
