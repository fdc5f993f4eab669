import { expect, test } from "vitest";
import { relationLoss } from "../../../../search/graph/ops/relation.ts";
import { openSession, type Tensor } from "../../../../src/onnx/session.ts";
import { OperationCheck } from "../gradient-check.ts";

const [batch, tokens, heads] = [2, 3, 2];
const widths = { heads, student: 4, teacher: 6 };
/** The second sequence has one token of padding, which weighs nothing. */
const bias = [0, 0, 0, 0, 0, -10_000];
const weight = [0.2, 0.2, 0.2, 0.2, 0.2, 0];

function build(check: OperationCheck, teacher: Tensor, teacherWidth: number) {
  const shape = {
    student: check.give("student", check.integers([batch, tokens, 3, heads, widths.student / heads])).name,
    teacher: check.give("teacher", check.integers([batch, tokens, 3, heads, teacherWidth / heads])).name,
    bias: check.give("bias", check.floats([batch, 1, 1, tokens], bias)).name,
    weight: check.give("weight", check.floats([batch, 1, tokens, 1], weight)).name,
  };
  const qkv = check.learn("qkv", [batch * tokens, 3 * widths.student]);
  const said = check.give("teacher_qkv", teacher).name;
  return relationLoss(check.tape, qkv, said, shape, { ...widths, teacher: teacherWidth });
}

/** The loss by its definition, one pair of tokens after the other. */
function divergence(student: Float32Array, teacher: Float32Array, teacherWidth: number): number {
  let total = 0;
  for (let part = 0; part < 3; part++) {
    for (let head = 0; head < heads; head++) {
      for (let row = 0; row < batch; row++) {
        for (let t = 0; t < tokens; t++) {
          const place = { part, head, row, t };
          const p = relation(teacher, teacherWidth, place);
          const q = relation(student, widths.student, place);
          const share = (weight[row * tokens + t] as number) / (3 * heads);
          p.forEach((value, i) => {
            if (value > 0) total += share * value * Math.log(value / (q[i] as number));
          });
        }
      }
    }
  }
  return total;
}

function relation(
  qkv: Float32Array,
  hidden: number,
  { part, head, row, t }: { part: number; head: number; row: number; t: number },
): number[] {
  const width = hidden / heads;
  const vector = (token: number) => {
    const start = (row * tokens + token) * 3 * hidden + part * hidden + head * width;
    return qkv.slice(start, start + width);
  };
  const scores = Array.from({ length: tokens }, (_, other) => {
    const dot = vector(t).reduce((sum, x, i) => sum + x * (vector(other)[i] as number), 0);
    return Math.exp(dot / Math.sqrt(width) + (bias[row * tokens + other] as number));
  });
  const sum = scores.reduce((a, b) => a + b, 0);
  return scores.map((score) => score / sum);
}

test("relationLoss() has the gradient of query, key and value beside padding", async () => {
  const check = new OperationCheck();
  const teacher = check.normals([batch * tokens, 3 * widths.teacher]);
  expect(await check.error(build(check, teacher, widths.teacher))).toBeLessThan(1e-3);
});

test("relationLoss() is the divergence between relations, and nothing where they are the same", async () => {
  for (const same of [false, true]) {
    const check = new OperationCheck();
    const teacherWidth = same ? widths.student : widths.teacher;
    const teacher = check.normals([batch * tokens, 3 * teacherWidth]);
    await check.error(build(check, teacher, teacherWidth));
    const session = await openSession(check.tape.builder.toBytes(), { threads: 1 });
    const feeds = same ? { ...check.feeds, qkv: teacher } : check.feeds;
    const loss = ((await session.run(feeds, ["loss"])).loss as Tensor).data[0] as number;
    const expected = divergence(feeds.qkv?.data as Float32Array, teacher.data as Float32Array, teacherWidth);
    expect(loss).toBeCloseTo(expected, 5);
    if (same) expect(loss).toBeCloseTo(0, 6);
    else expect(loss).toBeGreaterThan(0.01);
    await session.release();
  }
});
