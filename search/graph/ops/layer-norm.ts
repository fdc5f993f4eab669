import type { Tape, Value } from "../tape.ts";
import { columnSums } from "./linear.ts";

/** Layer normalisation over the columns (Ba et al. 2016): [rows, width], gamma and beta [width]. */
export function layerNorm(tape: Tape, x: Value, gamma: Value, beta: Value, width: number, epsilon: number): Value {
  const b = tape.builder;
  const attributes = { axis: -1, epsilon };
  const outputs = b.nodeWith("LayerNormalization", [x.name, gamma.name, beta.name], 3, attributes);
  const [y, mean, inverse] = outputs as [string, string, string];
  return tape.record(y, [x, gamma, beta], (dy) => {
    const centred = b.node("Mul", [b.node("Sub", [x.name, mean]), inverse]);
    const weighted = b.node("Mul", [dy, centred]);
    return [
      x.tracked ? inputGradient(tape, { dy, centred, weighted, inverse, gamma: gamma.name, width }) : null,
      gamma.tracked ? columnSums(tape, weighted) : null,
      beta.tracked ? columnSums(tape, dy) : null,
    ];
  });
}

/** dx = (dy·γ − mean(dy·γ) − x̂·mean(dy·γ·x̂)) / σ; the two row means are products with γ as a column. */
function inputGradient(
  tape: Tape,
  part: { dy: string; centred: string; weighted: string; inverse: string; gamma: string; width: number },
): string {
  const b = tape.builder;
  const column = b.node("Reshape", [part.gamma, b.integers([-1, 1])]);
  const rowMean = (x: string) => b.node("Gemm", [x, column], { alpha: 1 / part.width });
  const shift = b.node("Mul", [part.centred, rowMean(part.weighted)]);
  const scaled = b.node("Sub", [b.node("Mul", [part.dy, part.gamma]), rowMean(part.dy)]);
  return b.node("Mul", [b.node("Sub", [scaled, shift]), part.inverse]);
}
