import type { Tape, Value } from "../tape.ts";

/** What self-attention relations need to know of the batch, fed at run time. */
export interface RelationShape {
  /** int64 [5] of the student: batch, tokens, 3, relation heads, width of one. */
  readonly student: string;
  /** The same of the teacher, whose relation heads are as many but wider or narrower. */
  readonly teacher: string;
  /** float32 [batch, 1, 1, tokens]: 0 for text, a large negative number for padding. */
  readonly bias: string;
  /** float32 [batch, 1, tokens, 1]: share of each token in the loss, 0 for padding. */
  readonly weight: string;
}

export interface RelationWidths {
  readonly heads: number;
  /** Hidden widths of student and teacher. */
  readonly student: number;
  readonly teacher: number;
}

/**
 * Self-attention relation loss (MiniLMv2, Wang et al. 2021): the queries of a layer, split into relation heads, attend to each
 * other by softmax(Q·Qᵀ/√d), so do keys and values; the loss is the mean Kullback-Leibler divergence from the teacher's
 * relations to the student's. `qkv` [batch · tokens, 3 · hidden] of the student, `teacherQkv` the same of the teacher.
 */
export function relationLoss(
  tape: Tape,
  qkv: Value,
  teacherQkv: string,
  shape: RelationShape,
  widths: RelationWidths,
): Value {
  const b = tape.builder;
  const student = relations(tape, qkv.name, shape.student, shape.bias, widths.student / widths.heads);
  const teacher = relations(tape, teacherQkv, shape.teacher, shape.bias, widths.teacher / widths.heads);
  const share = b.node("Mul", [shape.weight, b.scalar(1 / (3 * widths.heads))]);
  const expected = b.node("Exp", [teacher.log]);
  const divergence = b.node("Mul", [expected, b.node("Sub", [teacher.log, student.log])]);
  const loss = b.node("ReduceSum", [b.node("Mul", [divergence, share])], { keepdims: 0 });
  return tape.record(loss, [qkv], (dy) => {
    const difference = b.node("Sub", [b.node("Exp", [student.log]), expected]);
    const dScores = b.node("Mul", [b.node("Mul", [difference, share]), dy]);
    const attributes = { alpha: student.alpha };
    const gradient = b.node("Add", [
      b.node("FusedMatMul", [dScores, student.parts], attributes, "com.microsoft"),
      b.node("FusedMatMul", [dScores, student.parts], { ...attributes, transA: 1 }, "com.microsoft"),
    ]);
    const together = b.node("Transpose", [gradient], { perm: [1, 3, 0, 2, 4] });
    return [b.node("Reshape", [together, b.integers([-1, 3 * widths.student])])];
  });
}

/** `parts` [3, batch, heads, tokens, width] and the logarithm of their relations [3, batch, heads, tokens, tokens]. */
function relations(tape: Tape, qkv: string, shape: string, bias: string, width: number) {
  const b = tape.builder;
  const alpha = 1 / Math.sqrt(width);
  const parts = b.node("Transpose", [b.node("Reshape", [qkv, shape])], { perm: [2, 0, 3, 1, 4] });
  const scores = b.node("FusedMatMul", [parts, parts], { transB: 1, alpha }, "com.microsoft");
  return { parts, alpha, log: b.node("LogSoftmax", [b.node("Add", [scores, bias])], { axis: -1 }) };
}
