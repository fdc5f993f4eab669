import { expect, test } from "vitest";
import { attention } from "../../../../search/graph/ops/attention.ts";
import { openSession, type Tensor } from "../../../../src/onnx/session.ts";
import { OperationCheck } from "../gradient-check.ts";

const [batch, tokens, heads, width] = [2, 3, 2, 2];
const hidden = heads * width;
/** The second sequence has one token of padding. */
const bias = [0, 0, 0, 0, 0, -10_000];

function build(check: OperationCheck) {
  const shape = {
    split: check.give("split", check.integers([batch, tokens, 3, heads, width])).name,
    bias: check.give("bias", check.floats([batch, 1, 1, tokens], bias)).name,
  };
  return attention(check.tape, check.learn("qkv", [batch * tokens, 3 * hidden]), shape, hidden, heads);
}

test("attention() has the gradient of query, key and value beside padding", async () => {
  const check = new OperationCheck();
  expect(await check.error(build(check), [batch * tokens, hidden])).toBeLessThan(1e-3);
});

test("attention() does not look at padding, and padding's key and value get no gradient", async () => {
  const check = new OperationCheck();
  const y = build(check);
  const padded = check.feeds.qkv as Tensor;
  check.tape.builder.output(y.name, "float32", [batch * tokens, hidden]);
  await check.error(y, [batch * tokens, hidden]);
  const session = await openSession(check.tape.builder.toBytes(), { threads: 1 });
  const before = await session.run(check.feeds);
  // Key and value of the last row, which is padding.
  (padded.data as Float32Array).fill(3, 5 * 3 * hidden + hidden);
  const after = await session.run(check.feeds);
  const seen = (outputs: Record<string, Tensor>) =>
    Array.from((outputs[y.name] as Tensor).data as Float32Array).slice(0, 5 * hidden);
  expect(seen(after)).toEqual(seen(before));
  const gradient = (after["grad:qkv"] as Tensor).data as Float32Array;
  expect(Array.from(gradient.slice(5 * 3 * hidden + hidden)).every((x) => x === 0)).toBe(true);
  await session.release();
});
