import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ModelBuilder } from "../../../search/graph/model-builder.ts";
import { inferenceGraph } from "../../../search/student/inference-graph.ts";
import { randomWeights } from "../../../search/student/weights.ts";
import type { Architecture } from "../../../src/contract/architecture.ts";
import { liftTables } from "../../../src/onnx/lift-tables.ts";
import { openLifted } from "../../../src/onnx/lifted-session.ts";
import { openGraph } from "../../../src/onnx/open-graph.ts";
import { ProtoWriter } from "../../../src/onnx/protobuf.ts";
import { openSession, Tensor } from "../../../src/onnx/session.ts";
import { createRandom } from "../../../src/random.ts";

const architecture: Architecture = {
  layers: 1,
  hidden: 16,
  heads: 2,
  ffn: 32,
  activation: "gelu",
  tableWidth: 32,
  vocabulary: 300,
};

function graph(precision: "fp32" | "int8"): Uint8Array {
  const weights = randomWeights(architecture, 64, [], createRandom(3));
  return inferenceGraph(architecture, weights, { precision, layerNormEpsilon: 1e-5, heads: [] });
}

const feeds = {
  ids: new Tensor("int32", Int32Array.of(5, 299, 0, 5, 17, 1), [2, 3]),
  mask: new Tensor("float32", new Float32Array(6).fill(1), [2, 3]),
};

test.each(["fp32", "int8"] as const)(
  "liftTables() leaves the numbers of a graph in %s as they are",
  async (precision) => {
    const model = graph(precision);
    const lifted = liftTables(model);
    expect(lifted.tables.map(({ ids }) => ids)).toEqual(lifted.tables.map(() => "ids"));
    expect(lifted.model.length).toBeLessThan(model.length - 300 * 16);
    const [whole, parted] = [await openSession(model, { threads: 1 }), await openLifted(lifted, { threads: 1 })];
    expect(parted.inputNames).toEqual(whole.inputNames);
    const expected = await whole.run(feeds);
    expect((await parted.run(feeds)).pooled?.data).toEqual(expected.pooled?.data);
    for (const session of [whole, parted]) await session.release();
  },
);

test("liftTables() keeps a table that something else needs, and ids that something else reads", () => {
  const table = Float32Array.from({ length: 8 }, (_, i) => i);
  const shared = lookup((b, rows) => b.node("Add", [rows, b.node("ReduceSum", ["table"])]));
  const counted = lookup((b, rows) => b.node("Add", [rows, b.node("Cast", ["ids"], { to: 1 })]));
  const along = lookup((b) => b.node("Gather", ["table", "ids"], { axis: 1 }));
  for (const model of [shared, counted, along]) expect(liftTables(model)).toEqual({ model, tables: [] });
  expect(liftTables(lookup((_, rows) => rows)).tables).toMatchObject([{ name: "table", rows: 4, width: 2 }]);

  function lookup(finish: (b: ModelBuilder, rows: string) => string): Uint8Array {
    const b = new ModelBuilder();
    b.input("ids", "int32", ["n", 1]);
    b.initializer("table", "float32", [4, 2], table);
    b.rawNode("Identity", [finish(b, b.node("Gather", ["table", "ids"]))], ["out"]);
    b.output("out", "float32", ["n", 1, 2]);
    return b.toBytes();
  }
});

test("liftTables() refuses what is no model", () => {
  expect(() => liftTables(new Uint8Array())).toThrow(/no graph/);
  expect(() => liftTables(graph("fp32").subarray(0, 500))).toThrow(/cut/);
});

test("openGraph() reads scales wherever they lie in a file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kdnas-graph-"));
  const expected = await openGraph(graph("int8"), { threads: 1 });
  const pooled = (await expected.run(feeds)).pooled?.data;
  // Longer names of the file's first parts move what follows to every remainder of four.
  for (const producer of ["a", "ab", "abc", "abcd"]) {
    const path = join(folder, `${producer}.onnx`);
    writeFileSync(path, Buffer.concat([new ProtoWriter().string(2, producer).toBytes(), graph("int8")]));
    const session = await openGraph(path, { threads: 1 });
    expect((await session.run(feeds)).pooled?.data).toEqual(pooled);
    await session.release();
  }
  await expected.release();
  rmSync(folder, { recursive: true });
});
