import type { Tape, Value } from "../tape.ts";

export type Activation = "relu" | "gelu";

/** `relu(x)`, or `gelu(x) = x · Φ(x)` with the exact normal distribution function (Hendrycks and Gimpel 2016). */
export function activation(tape: Tape, kind: Activation, x: Value): Value {
  return kind === "relu" ? relu(tape, x) : gelu(tape, x);
}

function relu(tape: Tape, x: Value): Value {
  const b = tape.builder;
  const y = b.node("Relu", [x.name]);
  return tape.record(y, [x], (dy) => [b.node("Mul", [dy, b.node("Sign", [y])])]);
}

function gelu(tape: Tape, x: Value): Value {
  const b = tape.builder;
  const y = b.node("Gelu", [x.name], {}, "com.microsoft");
  return tape.record(y, [x], (dy) => {
    // d/dx x·Φ(x) = Φ(x) + x·φ(x), written in s = x/√2 so that erf and exp share it.
    const s = b.node("Mul", [x.name, b.scalar(Math.SQRT1_2)]);
    const density = b.node("Exp", [b.node("Neg", [b.node("Mul", [s, s])])]);
    const slope = b.node("Mul", [b.node("Mul", [s, density]), b.scalar(2 / Math.sqrt(Math.PI))]);
    const twice = b.node("Sum", [b.node("Erf", [s]), slope, b.scalar(1)]);
    return [b.node("Mul", [b.node("Mul", [dy, twice]), b.scalar(0.5)])];
  });
}
