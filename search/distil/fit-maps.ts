import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import type { Tensor } from "../../src/onnx/session.ts";
import { matrixProduct } from "../graph/matrix-product.ts";
import { mapName, type StateMap } from "../student/training-graph.ts";
import { DivergedError } from "../student/training-loop.ts";
import type { Weight, Weights } from "../student/weights.ts";
import { batchOf, inferenceBatches, startTeacher } from "../teacher/hidden-states.ts";
import type { Teacher } from "../teacher/teacher.ts";
import { distilBatch } from "./distil-stream.ts";
import { fitScaler } from "./scaler.ts";
import type { StateTargets } from "./targets.ts";

/** Tokens from which maps are fitted: enough for 384 columns, a second or two for the deepest students. */
const sampleTokens = 12_000;
const tokensPerBatch = 1024;

export interface FitOptions {
  /** Indices of texts that may be learned from, in random order. */
  readonly texts: readonly number[];
  readonly teacher: Teacher;
  readonly threads: number;
}

/**
 * Maps from a student's states to the teacher's, fitted by ridge regression to the states of the student as it is. A student
 * that starts with copied layers would otherwise spend a short distillation on learning the maps, the more so the wider it is, and
 * its loss would say how fast maps are learned.
 */
export async function fitMaps(
  a: Architecture,
  weights: Weights,
  maps: readonly StateMap[],
  targets: StateTargets,
  options: FitOptions,
): Promise<Weights> {
  const rows = await collectRows(a, weights, maps, targets, options);
  const fitted: Weights = new Map();
  for (const map of maps) {
    const { weight, bias } = await ridge(
      rowsOf(rows, studentState(map)),
      rowsOf(rows, teacherState(map)),
      options.threads,
    );
    fitted.set(`${mapName(map)}.weight`, weight).set(`${mapName(map)}.bias`, bias);
  }
  return fitted;
}

const studentState = ({ studentLayer }: StateMap) => (studentLayer === "pooled" ? "pooled" : `hidden_${studentLayer}`);
const teacherState = ({ teacherLayer }: StateMap) => `teacher_${teacherLayer}`;

/** States of the student and of the teacher by name, padding left out. */
type Rows = Map<string, Weight[]>;

async function collectRows(
  a: Architecture,
  weights: Weights,
  maps: readonly StateMap[],
  targets: StateTargets,
  { texts, teacher, threads }: FitOptions,
): Promise<Rows> {
  const chosen = firstTexts(texts, targets);
  const sequences = chosen.map((text) => must(targets.sequences[text]));
  const running = await startTeacher({ ...teacher, architecture: a, weights }, { precision: "fp32", threads });
  const own = new Set(maps.map(studentState));
  const names = new Set([...own, ...maps.map(teacherState)]);
  const rows: Rows = new Map([...names].map((name) => [name, []]));
  const imitation = { maps, relation: null, hidden: a.hidden };
  try {
    for (const members of inferenceBatches(sequences, tokensPerBatch)) {
      const batch = batchOf(sequences, members, teacher.padId);
      const wanted = distilBatch(
        targets,
        members.map((i) => must(chosen[i])),
        imitation,
        teacher.padId,
      ).targets;
      const states = { ...(await running.run(batch, [...own])), ...wanted };
      for (const name of names) must(rows.get(name)).push(withoutPadding(must(states[name]), batch.mask));
    }
  } finally {
    await running.release();
  }
  return rows;
}

/** Texts up to `sampleTokens`. */
function firstTexts(texts: readonly number[], { sequences }: StateTargets): number[] {
  let tokens = 0;
  const end = texts.findIndex((text) => {
    tokens += must(sequences[text]).length;
    return tokens > sampleTokens;
  });
  return texts.slice(0, end === -1 ? texts.length : Math.max(1, end));
}

/** Rows [*, width] of token states where the mask is 1; pooled states, a row a text, have no padding. */
function withoutPadding({ dims, data }: Tensor, mask: Float32Array): Weight {
  const width = must(dims.at(-1));
  const all = data as Float32Array;
  if (all.length !== mask.length * width) return { dims: [all.length / width, width], data: all };
  const real = [...mask.keys()].filter((i) => mask[i] === 1);
  const kept = new Float32Array(real.length * width);
  for (const [to, from] of real.entries()) kept.set(all.subarray(from * width, (from + 1) * width), to * width);
  return { dims: [real.length, width], data: kept };
}

function rowsOf(rows: Rows, name: string): Weight {
  const parts = must(rows.get(name));
  const width = must(parts[0]?.dims[1]);
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { dims: [data.length / width, width], data };
}

/**
 * Least squares of y [n, outputs] on x [n, inputs] with intercept. The fewer rows a column has, the more it is drawn to 0.
 * @throws {DivergedError} where x holds what is no number.
 */
async function ridge(x: Weight, y: Weight, threads: number): Promise<{ weight: Weight; bias: Weight }> {
  const [n, inputs] = x.dims as [number, number];
  const outputs = must(y.dims[1]);
  const [xs, ys] = [centred(x), centred(y)];
  const gram = Matrix.from1DArray(
    inputs,
    inputs,
    (await matrixProduct(xs.rows, xs.rows, { transposeA: true, threads })).data,
  );
  const cross = Matrix.from1DArray(
    inputs,
    outputs,
    (await matrixProduct(xs.rows, ys.rows, { transposeA: true, threads })).data,
  );
  if (!Number.isFinite(gram.trace())) throw new DivergedError("the student's first states hold NaN or Infinity");
  const penalty = (0.5 * gram.trace()) / n + 1e-6 * n;
  for (let i = 0; i < inputs; i++) {
    gram.set(i, i, gram.get(i, i) + penalty);
    // The two halves differ by rounding, which the decomposition refuses.
    for (let j = 0; j < i; j++) gram.set(i, j, gram.get(j, i));
  }
  const data = Float32Array.from(new CholeskyDecomposition(gram).solve(cross).to1DArray());
  const bias = ys.mean.slice();
  data.forEach((w, i) => {
    bias[i % outputs] = (bias[i % outputs] as number) - w * must(xs.mean[Math.floor(i / outputs)]);
  });
  return { weight: { dims: [inputs, outputs], data }, bias: { dims: [outputs], data: bias } };
}

/** The rows about their mean. */
function centred({ dims, data }: Weight): { readonly rows: Weight; readonly mean: Float32Array } {
  const width = must(dims[1]);
  const { mean } = fitScaler([data], width);
  return { rows: { dims, data: data.map((value, i) => value - (mean[i % width] as number)) }, mean };
}
