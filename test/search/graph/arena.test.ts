import { expect, test } from "vitest";
import { createArena, paddedLength } from "../../../search/graph/arena.ts";
import { ModelBuilder } from "../../../search/graph/model-builder.ts";
import { openSession, Tensor } from "../../../src/onnx/session.ts";

test("allocate() gives zeroed stretches of one buffer, each on its own cache lines", () => {
  const arena = createArena(64);
  const [a, b] = [arena.allocate(5), arena.allocate(17)];
  expect(a.buffer).toBe(b.buffer);
  expect([a.length, b.length, b.byteOffset - a.byteOffset]).toEqual([5, 17, paddedLength(5) * 4]);
  expect(a.every((x) => x === 0)).toBe(true);
});

test("allocate() refuses what the arena has no room for", () => {
  const arena = createArena(16_384);
  arena.allocate(16_000);
  expect(() => arena.allocate(400)).toThrow("room for 16384 floats");
});

test("createArena() gives views that the runtime reads as inputs and writes in place as outputs", async () => {
  const builder = new ModelBuilder();
  const sum = builder.node("Add", [builder.input("x", "float32", [8]), builder.input("y", "float32", [8])]);
  builder.rawNode("Identity", [sum], ["z"]);
  builder.output("z", "float32", [8]);
  const session = await openSession(builder.toBytes(), { threads: 1 });
  const arena = createArena(48);
  const [x, y, z] = [arena.allocate(8), arena.allocate(8), arena.allocate(8)];
  const tensor = (view: Float32Array) => new Tensor("float32", view, [8]);
  const [feeds, fetches] = [{ x: tensor(x), y: tensor(y) }, { z: tensor(z) }];
  for (const round of [1, 2]) {
    x.fill(round);
    y.fill(10);
    await session.run(feeds, fetches);
    expect(Array.from(z)).toEqual(new Array(8).fill(10 + round));
  }
  await session.release();
});
