import type { Tape, Value } from "../tape.ts";

/**
 * Adds learned positions to every sequence: x [batch · tokens, width], table [positions, width].
 * `shape` int64 [3] = batch, tokens, width; `tokens` int64 [1]; `padding` int64 [4] = 0, 0, positions − tokens, 0.
 */
export function addPositions(
  tape: Tape,
  x: Value,
  table: Value,
  feeds: { readonly shape: string; readonly tokens: string; readonly padding: string },
  width: number,
): Value {
  const b = tape.builder;
  const flat = b.integers([-1, width]);
  const used = b.node("Slice", [table.name, b.integers([0]), feeds.tokens, b.integers([0])]);
  const cube = b.node("Reshape", [x.name, feeds.shape]);
  const y = b.node("Reshape", [b.node("Add", [cube, used]), flat]);
  return tape.record(y, [x, table], (dy) => [x.tracked ? dy : null, table.tracked ? tableGradient(dy) : null]);

  function tableGradient(dy: string): string {
    const perPosition = b.node("ReduceSum", [b.node("Reshape", [dy, feeds.shape]), b.integers([0])], { keepdims: 0 });
    return b.node("Pad", [perPosition, feeds.padding]);
  }
}

/**
 * Weighted mean over the tokens of each sequence: x [batch · tokens, width] to [batch, width]. `weights` float32
 * [batch, 1, tokens] sums to 1 over the tokens; `shape` int64 [3] = batch, tokens, width.
 */
export function pool(
  tape: Tape,
  x: Value,
  feeds: { readonly shape: string; readonly weights: string },
  width: number,
): Value {
  const b = tape.builder;
  const cube = b.node("Reshape", [x.name, feeds.shape]);
  const y = b.node("Reshape", [b.node("MatMul", [feeds.weights, cube]), b.integers([-1, width])]);
  return tape.record(y, [x], (dy) => {
    const rows = b.node("Unsqueeze", [dy, b.integers([1])]);
    const spread = b.node("FusedMatMul", [feeds.weights, rows], { transA: 1 }, "com.microsoft");
    return [b.node("Reshape", [spread, b.integers([-1, width])])];
  });
}

/** Chooses rows by a 0/1 matrix, float32 [chosen, rows] · x [rows, width]: differentiable, and cheap for a batch's rows. */
export function selectRows(tape: Tape, selection: string, x: Value): Value {
  const b = tape.builder;
  return tape.record(b.node("MatMul", [selection, x.name]), [x], (dy) => [
    b.node("FusedMatMul", [selection, dy], { transA: 1 }, "com.microsoft"),
  ]);
}
