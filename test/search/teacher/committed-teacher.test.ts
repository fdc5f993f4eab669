import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Precision } from "../../../search/student/inference-tensors.ts";
import { startTeacher } from "../../../search/teacher/hidden-states.ts";
import { teacherLatencyMs } from "../../../search/teacher/latency.ts";
import { readTeacher, type Teacher, withTokenizer } from "../../../search/teacher/teacher.ts";
import { must } from "../../../src/invariant.ts";
import { toBatch } from "../../../src/text/batch.ts";
import { readTokenizer } from "../../../src/text/read-tokenizer.ts";

interface Answer {
  readonly text: string;
  readonly ids: readonly number[];
  /** Mean-pooled last hidden state. */
  readonly pooled: readonly number[];
  /** L2 norm of every hidden state over all tokens. */
  readonly norms: readonly number[];
}

const folder = "models/teacher";
const answers = JSON.parse(
  readFileSync(new URL("../../oracle/teacher/answers.json", import.meta.url), "utf8"),
) as readonly Answer[];

/** All texts in one batch, so that the shorter ones are padded; pooled vectors and norms without the padding. */
async function answersOf(teacher: Teacher, texts: readonly Pick<Answer, "ids">[], precision: Precision) {
  const running = await startTeacher(teacher, { precision, threads: 1 });
  const batch = toBatch(
    texts.map(({ ids }) => Int32Array.from(ids)),
    teacher.padId,
  );
  const outputs = await running.run(batch);
  await running.release();
  const { hidden, layers } = teacher.architecture;
  const rows = (name: string, from: number, count: number) =>
    (must(outputs[name]).data as Float32Array).subarray(from * hidden, (from + count) * hidden);
  return texts.map(({ ids }, row) => ({
    pooled: Array.from(rows("pooled", row, 1)),
    norms: Array.from({ length: layers + 1 }, (_, i) => norm(rows(`hidden_${i}`, row * batch.tokens, ids.length))),
  }));
}

function norm(values: ArrayLike<number>): number {
  return Math.sqrt(dot(values, values));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] as number) * (b[i] as number);
  return total;
}

function largestDifference(actual: readonly number[], expected: readonly number[]): number {
  expect(actual).toHaveLength(expected.length);
  return expected.reduce((worst, x, i) => Math.max(worst, Math.abs(x - must(actual[i]))), 0);
}

describe("the teacher that comes with the project", () => {
  let teacher: Teacher;
  beforeAll(() => {
    teacher = readTeacher(folder);
  });

  test("readTeacher() gives its architecture and values that are all finite", () => {
    const expected = { layers: 12, hidden: 384, heads: 12, ffn: 1536, activation: "gelu", tableWidth: 384 };
    expect(teacher.architecture).toEqual({ ...expected, vocabulary: 120_000 });
    expect(teacher.positions).toBe(512);
    for (const [name, { data }] of teacher.weights) expect(Number.isFinite(norm(data)), name).toBe(true);
  });

  test("its tokeniser fits it and gives the reference's ids", () => {
    const tokenizer = readTokenizer(join(folder, "tokenizer.json"));
    expect(withTokenizer(teacher, tokenizer)).toMatchObject({ beginId: 0, endId: 2 });
    for (const { text, ids } of answers) expect(Array.from(tokenizer.encode(text, 512).ids)).toEqual(ids);
  });

  test("startTeacher() in fp32 gives the states of an independent implementation, padding or not", async () => {
    const actual = await answersOf(teacher, answers, "fp32");
    answers.forEach(({ pooled, norms, text }, row) => {
      expect(largestDifference(must(actual[row]).pooled, pooled), text).toBeLessThan(1e-3);
      const ratios = must(actual[row]).norms.map((value, i) => value / must(norms[i]));
      expect(largestDifference(ratios, Array(13).fill(1)), text).toBeLessThan(1e-4);
    });
  });

  test("startTeacher() in int8 stays within a cosine of 0.98", async () => {
    const actual = await answersOf(teacher, answers, "int8");
    answers.forEach(({ pooled, text }, row) => {
      const own = must(actual[row]).pooled;
      expect(dot(own, pooled) / norm(own) / norm(pooled), text).toBeGreaterThan(0.98);
    });
  });

  test("teacherLatencyMs() measures a time for texts of any length", async () => {
    for (const tokens of [4, 64]) {
      const ms = await teacherLatencyMs(teacher, tokens);
      expect(ms).toBeGreaterThan(0);
      expect(Number.isFinite(ms)).toBe(true);
    }
  });
});

interface UntrimmedAnswer {
  readonly ids: number[];
  readonly meanPooled: number[];
  readonly hidden: { readonly l2: number }[];
}

/** `oracle.json` of the teacher before its vocabulary was trimmed, the teacher beside it. */
const untrimmed = process.env.KDNAS_TEACHER_ORACLE;

test.skipIf(untrimmed === undefined || !existsSync(untrimmed))(
  "the untrimmed teacher agrees with the oracle that comes with it",
  async () => {
    const path = must(untrimmed);
    const stored = JSON.parse(readFileSync(path, "utf8")) as UntrimmedAnswer[];
    const actual = await answersOf(readTeacher(dirname(path)), stored, "fp32");
    stored.forEach(({ meanPooled, hidden }, row) => {
      const { pooled, norms } = must(actual[row]);
      expect(largestDifference(pooled, meanPooled)).toBeLessThan(1e-3);
      const ratios = norms.map((value, i) => value / must(hidden[i]).l2);
      expect(largestDifference(ratios, Array(13).fill(1))).toBeLessThan(1e-4);
    });
  },
);
