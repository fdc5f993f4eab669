import type { Tape, Value } from "../tape.ts";

/** What attention needs to know of the batch, fed at run time. */
export interface BatchShape {
  /** int64 [5]: batch, tokens, 3, heads, head width. */
  readonly split: string;
  /** float32 [batch, 1, 1, tokens]: 0 for text, a large negative number for padding. */
  readonly bias: string;
}

/**
 * Multi-head self-attention without its projections: `qkv` [batch · tokens, 3 · hidden] to [batch · tokens, hidden].
 * Vaswani et al. 2017; the row sums of the softmax's backward come from the output, as in FlashAttention (Dao et al. 2022).
 */
export function attention(tape: Tape, qkv: Value, shape: BatchShape, hidden: number, heads: number): Value {
  const b = tape.builder;
  const alpha = 1 / Math.sqrt(hidden / heads);
  const [q, k, v] = splitHeads(tape, qkv.name, shape.split);
  const scores = b.node("Add", [fused(tape, q, k, { transB: 1, alpha }), shape.bias]);
  const weights = b.node("Softmax", [scores], { axis: -1 });
  const mixed = b.node("MatMul", [weights, v]);
  return tape.record(joinHeads(tape, mixed, hidden), [qkv], (dy) => {
    const gradient = splitLike(tape, dy, mixed);
    const dWeights = fused(tape, gradient, v, { transB: 1 });
    const rowSums = b.node("ReduceSum", [b.node("Mul", [gradient, mixed]), b.integers([-1])], { keepdims: 1 });
    const dScores = b.node("Mul", [weights, b.node("Sub", [dWeights, rowSums])]);
    const parts = [
      fused(tape, dScores, k, { alpha }),
      fused(tape, dScores, q, { transA: 1, alpha }),
      fused(tape, weights, gradient, { transA: 1 }),
    ];
    return [joinParts(tape, parts, hidden)];
  });
}

function fused(tape: Tape, a: string, b: string, attributes: Record<string, number>): string {
  return tape.builder.node("FusedMatMul", [a, b], attributes, "com.microsoft");
}

/** [rows, 3 · hidden] to three of [batch, heads, tokens, head width]. */
function splitHeads(tape: Tape, qkv: string, split: string): [string, string, string] {
  const b = tape.builder;
  const apart = b.node("Transpose", [b.node("Reshape", [qkv, split])], { perm: [2, 0, 3, 1, 4] });
  const parts = b.nodeWith("Split", [apart, b.integers([1, 1, 1])], 3, { axis: 0 });
  return parts.map((part) => b.node("Squeeze", [part, b.integers([0])])) as [string, string, string];
}

/** [batch, heads, tokens, head width] to [rows, hidden]. */
function joinHeads(tape: Tape, x: string, hidden: number): string {
  const b = tape.builder;
  const together = b.node("Transpose", [x], { perm: [0, 2, 1, 3] });
  return b.node("Reshape", [together, b.integers([-1, hidden])]);
}

/** The reverse of `joinHeads`, with the shape taken from `like`. */
function splitLike(tape: Tape, x: string, like: string): string {
  const b = tape.builder;
  const shape = b.node("Shape", [b.node("Transpose", [like], { perm: [0, 2, 1, 3] })]);
  return b.node("Transpose", [b.node("Reshape", [x, shape])], { perm: [0, 2, 1, 3] });
}

/** The reverse of `splitHeads`. */
function joinParts(tape: Tape, parts: readonly string[], hidden: number): string {
  const b = tape.builder;
  const stacked = b.node(
    "Concat",
    parts.map((part) => b.node("Unsqueeze", [part, b.integers([0])])),
    { axis: 0 },
  );
  const together = b.node("Transpose", [stacked], { perm: [1, 3, 0, 2, 4] });
  return b.node("Reshape", [together, b.integers([-1, 3 * hidden])]);
}
