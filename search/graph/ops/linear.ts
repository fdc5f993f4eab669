import type { Tape, Value } from "../tape.ts";

/** `x · weight + bias`: [rows, inputs] · [inputs, outputs] + [outputs]. */
export function linear(tape: Tape, x: Value, weight: Value, bias: Value | null): Value {
  const b = tape.builder;
  const inputs = bias === null ? [x, weight] : [x, weight, bias];
  const y = b.node(
    "Gemm",
    inputs.map((input) => input.name),
  );
  return tape.record(y, inputs, (dy) => [
    x.tracked ? b.node("Gemm", [dy, weight.name], { transB: 1 }) : null,
    weight.tracked ? b.node("Gemm", [x.name, dy], { transA: 1 }) : null,
    ...(bias === null ? [] : [bias.tracked ? columnSums(tape, dy) : null]),
  ]);
}

/** Sum over the rows: [rows, columns] to [columns]. */
export function columnSums(tape: Tape, x: string): string {
  return tape.builder.node("ReduceSum", [x, tape.builder.integers([0])], { keepdims: 0 });
}
