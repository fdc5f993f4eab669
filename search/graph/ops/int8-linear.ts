import { elementTypes } from "../model-builder.ts";
import type { Tape, Value } from "../tape.ts";
import { columnSums } from "./linear.ts";

/** Names of an integer tensor, of its scale (a scalar) and of its zero point. */
interface Quantized {
  readonly values: string;
  readonly scale: string;
  readonly zero: string;
}

/**
 * `x · weight + bias` as `linear` has it, with its three matrix products in 8-bit integers: of the forward pass, of the gradient of
 * `x` and of that of the weight. Every tensor is rounded with one scale, anew at every step. Activations and gradients are unsigned
 * and weights signed, which is the pair that processors with VNNI multiply fastest.
 */
export function int8Linear(tape: Tape, x: Value, weight: Value, bias: Value | null): Value {
  const b = tape.builder;
  const [rows, matrix] = [unsigned(tape, x.name), signed(tape, weight.name)];
  const product = multiplied(tape, rows, matrix);
  const inputs = bias === null ? [x, weight] : [x, weight, bias];
  return tape.record(bias === null ? product : b.node("Add", [product, bias.name]), inputs, (dy) => {
    const gradient = unsigned(tape, dy);
    return [
      x.tracked ? multiplied(tape, gradient, transposed(tape, matrix)) : null,
      weight.tracked ? multiplied(tape, transposed(tape, rows), madeSigned(tape, gradient)) : null,
      ...(bias === null ? [] : [bias.tracked ? columnSums(tape, dy) : null]),
    ];
  });
}

/** Back in float32. */
function multiplied(tape: Tape, a: Quantized, b: Quantized): string {
  const inputs = [a.values, b.values, a.scale, b.scale, a.zero, b.zero];
  return tape.builder.node("MatMulIntegerToFloat", inputs, {}, "com.microsoft");
}

function transposed(tape: Tape, x: Quantized): Quantized {
  return { ...x, values: tape.builder.node("Transpose", [x.values], { perm: [1, 0] }) };
}

function unsigned(tape: Tape, x: string): Quantized {
  const [values, scale, zero] = tape.builder.nodeWith("DynamicQuantizeLinear", [x], 3) as [string, string, string];
  return { values, scale, zero };
}

/** The same numbers as signed bytes: flipping the highest bit takes 128 off, of the values and of their zero point. */
function madeSigned(tape: Tape, { values, scale, zero }: Quantized): Quantized {
  const b = tape.builder;
  const flipped = (bytes: string) =>
    b.node("Cast", [b.node("BitwiseXor", [bytes, b.byte("uint8", 128)])], { to: elementTypes.int8 });
  return { values: flipped(values), scale, zero: flipped(zero) };
}

/** Symmetric: the largest magnitude becomes 127. */
function signed(tape: Tape, x: string): Quantized {
  const b = tape.builder;
  const largest = b.node("ReduceMax", [b.node("Abs", [x])], { keepdims: 0 });
  const scale = b.node("Div", [largest, b.scalar(127)]);
  const zero = b.byte("int8", 0);
  return { values: b.node("QuantizeLinear", [x, scale, zero]), scale, zero };
}
