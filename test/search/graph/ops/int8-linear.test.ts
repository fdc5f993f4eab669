import { expect, test } from "vitest";
import { int8Linear } from "../../../../search/graph/ops/int8-linear.ts";
import { linear } from "../../../../search/graph/ops/linear.ts";
import { Tape, type Value } from "../../../../search/graph/tape.ts";
import { must } from "../../../../src/invariant.ts";
import { openSession, Tensor } from "../../../../src/onnx/session.ts";
import { createRandom } from "../../../../src/random.ts";

const [rows, inputs, outputs] = [96, 64, 80];

/** Output and gradients of either kind on the same numbers; the loss is the output's sum under fixed weights. */
async function results(
  kind: typeof linear,
  more: { readonly bias: boolean; readonly learnsInput: boolean; readonly quiet?: number },
) {
  const tape = new Tape();
  const x = more.learnsInput ? tape.parameter("x", [rows, inputs]) : tape.input("x", [rows, inputs]);
  const bias = more.bias ? tape.parameter("bias", [outputs]) : null;
  const y = kind(tape, x, tape.parameter("weight", [inputs, outputs]), bias);
  tape.builder.rawNode("Identity", [y.name], ["y"]);
  tape.builder.output("y", "float32", [rows, outputs]);
  tape.gradients(weightedSum(tape, y), tape.parameters());
  const random = createRandom(3);
  const normals = (dims: number[], scale = 1) =>
    new Tensor(
      "float32",
      Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => scale * random.normal()),
      dims,
    );
  const feeds = {
    x: normals([rows, inputs]),
    weight: normals([inputs, outputs], 0.05),
    direction: quieted(normals([rows, outputs], 1e-3), more.quiet ?? 0),
    ...(more.bias && { bias: normals([outputs]) }),
  };
  const session = await openSession(tape.builder.toBytes(), { threads: 1 });
  const out = await session.run(feeds);
  await session.release();
  return out;
}

/** With the first columns a thousandth of what they were. */
function quieted({ data, dims }: Tensor, columns: number): Tensor {
  const numbers = (data as Float32Array).map((x, i) => (i % outputs < columns ? x / 1000 : x));
  return new Tensor("float32", numbers, dims);
}

function weightedSum(tape: Tape, y: Value): Value {
  const b = tape.builder;
  const direction = tape.input("direction", [rows, outputs]).name;
  const total = b.node("ReduceSum", [b.node("Mul", [y.name, direction])], { keepdims: 0 });
  return tape.record(total, [y], (dy) => [b.node("Mul", [direction, dy])]);
}

function cosine(a: Tensor, b: Tensor): number {
  const [x, y] = [a.data as Float32Array, b.data as Float32Array];
  const dot = (p: Float32Array, q: Float32Array) => p.reduce((sum, value, i) => sum + value * must(q[i]), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

test.each([
  { bias: true, learnsInput: true },
  { bias: false, learnsInput: true },
  { bias: true, learnsInput: false },
])("int8Linear() gives what linear() gives, but for rounding: %o", async (more) => {
  const [exact, rounded] = [await results(linear, more), await results(int8Linear, more)];
  expect(Object.keys(rounded).toSorted()).toEqual(Object.keys(exact).toSorted());
  for (const [name, tensor] of Object.entries(exact)) {
    const near = must(rounded[name]);
    expect(near.dims).toEqual(tensor.dims);
    expect(cosine(near, tensor), name).toBeGreaterThan(0.999);
    expect(norm(near) / norm(tensor), name).toBeCloseTo(1, 2);
  }
});

test("int8Linear() does not round away what is small beside other columns, such as the gradients of queries", async () => {
  const more = { bias: false, learnsInput: true, quiet: 40 };
  const [exact, rounded] = [await results(linear, more), await results(int8Linear, more)];
  const quiet = (all: typeof exact) => {
    const { data } = must(all["grad:weight"]);
    return new Tensor(
      "float32",
      (data as Float32Array).filter((_, i) => i % outputs < 40),
      [inputs, 40],
    );
  };
  expect(cosine(quiet(rounded), quiet(exact))).toBeGreaterThan(0.999);
});

function norm({ data }: Tensor): number {
  return Math.hypot(...(data as Float32Array));
}
