import type { Tape, Value } from "../tape.ts";

/**
 * Cross-entropy against soft targets: −Σ weight · target · log softmax(logits). `target` [rows, labels] sums to 1 a row,
 * `weight` [rows, 1] carries the mean over the batch, so a row that does not take part weighs 0.
 */
export function crossEntropy(tape: Tape, logits: Value, target: string, weight: string): Value {
  const b = tape.builder;
  const log = b.node("LogSoftmax", [logits.name], { axis: -1 });
  const each = b.node("Mul", [b.node("Mul", [target, log]), weight]);
  const loss = b.node("Neg", [total(tape, each)]);
  return tape.record(loss, [logits], (dy) => {
    const difference = b.node("Sub", [b.node("Exp", [log]), target]);
    return [b.node("Mul", [b.node("Mul", [difference, weight]), dy])];
  });
}

/** Σ weight · mean over columns of (prediction − target)²: [rows, width], `weight` [rows, 1]. */
export function squaredError(tape: Tape, prediction: Value, target: string, weight: string, width: number): Value {
  const b = tape.builder;
  const difference = b.node("Sub", [prediction.name, target]);
  const weighted = b.node("Mul", [difference, weight]);
  const loss = b.node("Mul", [total(tape, b.node("Mul", [weighted, difference])), b.scalar(1 / width)]);
  return tape.record(loss, [prediction], (dy) => [b.node("Mul", [weighted, b.node("Mul", [dy, b.scalar(2 / width)])])]);
}

function total(tape: Tape, x: string): string {
  return tape.builder.node("ReduceSum", [x], { keepdims: 0 });
}
