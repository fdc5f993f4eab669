import { expect, test } from "vitest";
import { ModelBuilder } from "../../../search/graph/model-builder.ts";
import { randomStudent } from "../../../search/student/random-student.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { must } from "../../../src/invariant.ts";
import { liftTables } from "../../../src/onnx/lift-tables.ts";
import { openLifted } from "../../../src/onnx/lifted-session.ts";
import { openSession, Tensor } from "../../../src/onnx/session.ts";

const architecture: Architecture = {
  layers: 0,
  hidden: 64,
  heads: 0,
  ffn: 0,
  activation: "relu",
  tableWidth: 64,
  vocabulary: 300,
};
const heads = [{ task: "filter", input: "text", labels: 2 }] as const;

/** Two texts, the second of one token. */
const feeds = {
  ids: new Tensor("int32", Int32Array.of(5, 299, 0, 17, 1, 1), [2, 3]),
  mask: new Tensor("float32", Float32Array.of(1, 1, 1, 1, 0, 0), [2, 3]),
};

test("liftMean() takes the mean of a static student out of its graph, and padding with it", async () => {
  const model = randomStudent(architecture, { heads });
  const lifted = liftTables(model);
  expect(lifted.tables).toMatchObject([{ width: 64, mask: "mask" }]);
  const [whole, parted] = [await openSession(model, { threads: 1 }), await openLifted(lifted, { threads: 1 })];
  expect(parted.inputNames).toEqual(whole.inputNames);
  const [expected, actual] = [await whole.run(feeds), await parted.run(feeds)];
  for (const name of ["pooled", "logits_filter"]) {
    const wanted = Array.from(must(expected[name]).data as Float32Array, (x) => expect.closeTo(x, 5));
    expect(Array.from(must(actual[name]).data as Float32Array)).toEqual(wanted);
  }
  for (const session of [whole, parted]) await session.release();
});

test.each([
  ["rows that something else takes", (b: ModelBuilder, rows: string) => b.node("ReduceMax", [rows]), "ReduceSum"],
  ["a mean that is divided by something else", () => "", "ReduceMax"],
])("liftMean() leaves %s in the graph", async (_, also, divisor) => {
  const b = new ModelBuilder();
  b.input("ids", "int32", ["batch", "tokens"]);
  b.input("mask", "float32", ["batch", "tokens"]);
  b.initializer("table", "uint8", [4, 16], new Uint8Array(64).fill(0x9a));
  b.initializer("scale", "float32", [4, 1], Float32Array.of(1, 2, 3, 4));
  const attributes = { gather_axis: 0, quantize_axis: 1, block_size: 32, bits: 4 };
  const rows = b.node("GatherBlockQuantized", ["table", "ids", "scale"], attributes, "com.microsoft");
  const axis = b.integers([1]);
  const product = b.node("MatMul", [b.node("Unsqueeze", ["mask", axis]), rows]);
  const count = b.node(divisor, ["mask", axis], { keepdims: 1 });
  const mean = b.node("Div", [b.node("Squeeze", [product, axis]), count]);
  const other = also(b, rows);
  b.rawNode("Identity", [other === "" ? mean : b.node("Add", [mean, other])], ["out"]);
  b.output("out", "float32", ["batch", 32]);
  const model = b.toBytes();
  const lifted = liftTables(model);
  expect(lifted.tables).toMatchObject([{ name: rows, mask: null }]);
  const own = {
    ids: new Tensor("int32", Int32Array.of(0, 3), [1, 2]),
    mask: new Tensor("float32", Float32Array.of(1, 1), [1, 2]),
  };
  const [whole, parted] = [await openSession(model, { threads: 1 }), await openLifted(lifted, { threads: 1 })];
  expect((await parted.run(own)).out?.data).toEqual((await whole.run(own)).out?.data);
  for (const session of [whole, parted]) await session.release();
});
