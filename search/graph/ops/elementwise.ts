import type { Tape, Value } from "../tape.ts";

/** `a + b` of equal shapes. */
export function add(tape: Tape, a: Value, b: Value): Value {
  return tape.record(tape.builder.node("Add", [a.name, b.name]), [a, b], (dy) => [dy, dy]);
}

/** `factor · x` with a constant factor. */
export function scale(tape: Tape, x: Value, factor: number): Value {
  const b = tape.builder;
  const times = (name: string) => b.node("Mul", [name, b.scalar(factor)]);
  return tape.record(times(x.name), [x], (dy) => [times(dy)]);
}

/** Sum of scalars. */
export function sum(tape: Tape, values: readonly Value[]): Value {
  const total = tape.builder.node(
    "Sum",
    values.map((value) => value.name),
  );
  return tape.record(total, values, (dy) => values.map(() => dy));
}

/** Side by side: [rows, a], [rows, b], … to [rows, a + b + …]. */
export function concatColumns(tape: Tape, parts: readonly { value: Value; width: number }[]): Value {
  const b = tape.builder;
  const values = parts.map((part) => part.value);
  const names = values.map((value) => value.name);
  return tape.record(b.node("Concat", names, { axis: 1 }), values, (dy) =>
    b.nodeWith("Split", [dy, b.integers(parts.map((part) => part.width))], parts.length, { axis: 1 }),
  );
}

/** Elementwise product of equal shapes. */
export function multiply(tape: Tape, x: Value, y: Value): Value {
  const b = tape.builder;
  return tape.record(b.node("Mul", [x.name, y.name]), [x, y], (dy) => [
    x.tracked ? b.node("Mul", [dy, y.name]) : null,
    y.tracked ? b.node("Mul", [dy, x.name]) : null,
  ]);
}

/** `|x − y|`; the gradient at 0 is 0. */
export function absoluteDifference(tape: Tape, x: Value, y: Value): Value {
  const b = tape.builder;
  const difference = b.node("Sub", [x.name, y.name]);
  return tape.record(b.node("Abs", [difference]), [x, y], (dy) => {
    const dx = b.node("Mul", [dy, b.node("Sign", [difference])]);
    return [dx, b.node("Neg", [dx])];
  });
}
