import { expect, test } from "vitest";
import { add, multiply } from "../../../search/graph/ops/elementwise.ts";
import { linear } from "../../../search/graph/ops/linear.ts";
import { Tape } from "../../../search/graph/tape.ts";
import { openSession } from "../../../src/onnx/session.ts";
import { OperationCheck } from "./gradient-check.ts";

test("gradients() adds up what flows back over several ways", async () => {
  const check = new OperationCheck();
  const [x, w] = [check.learn("x", [3, 3]), check.learn("w", [3, 3])];
  const y = linear(check.tape, x, w, null);
  expect(await check.error(add(check.tape, multiply(check.tape, x, y), y), [3, 3])).toBeLessThan(1e-3);
});

test("a gradient that is two per cent off does not pass the check", async () => {
  const check = new OperationCheck();
  const { tape } = check;
  const x = check.learn("x", [3, 3]);
  const y = tape.record(tape.builder.node("Mul", [x.name, x.name]), [x], (dy) => [
    tape.builder.node("Mul", [tape.builder.node("Mul", [dy, x.name]), tape.builder.scalar(2.04)]),
  ]);
  expect(await check.error(y, [3, 3])).toBeGreaterThan(5e-3);
});

test("gradients() is a bug where no gradient reaches a parameter", () => {
  const tape = new Tape();
  const [x, lost] = [tape.parameter("x", [2]), { name: "lost", dims: [2] }];
  tape.parameter("lost", [2]);
  expect(() => tape.gradients(x, [lost])).toThrow("no gradient reaches lost");
});

test("record() tracks what comes from a parameter and nothing else", () => {
  const tape = new Tape();
  const [input, frozen, learned] = [
    tape.input("input", [2]),
    tape.parameter("frozen", [2], true),
    tape.parameter("learned", [2]),
  ];
  expect(add(tape, input, frozen).tracked).toBe(false);
  expect(add(tape, input, learned).tracked).toBe(true);
  expect(tape.parameters()).toEqual([{ name: "learned", dims: [2] }]);
});

test("a backward that returns too few gradients is a bug", () => {
  const tape = new Tape();
  const x = tape.parameter("x", [2]);
  const y = tape.record(tape.builder.node("Add", ["x", "x"]), [x, x], (dy) => [dy]);
  expect(() => tape.gradients(y, [{ name: "x", dims: [2] }])).toThrow("one gradient an input");
});

test("a graph without gradients runs forward", async () => {
  const tape = new Tape();
  const x = tape.input("x", [2]);
  tape.builder.rawNode("Identity", [add(tape, x, x).name], ["y"]);
  tape.builder.output("y", "float32", [2]);
  const session = await openSession(tape.builder.toBytes(), { threads: 1 });
  expect(session.outputNames).toEqual(["y"]);
  await session.release();
});
