import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { pooledRows, studentClassifier } from "../../search/heads/predict.ts";
import type { EncodedExample, EncodedTask } from "../../search/student/encoded-task.ts";
import { inferenceGraph } from "../../search/student/inference-graph.ts";
import type { Weights } from "../../search/student/weights.ts";
import type { Architecture } from "../../src/contract/architecture.ts";
import { openSession } from "../../src/onnx/session.ts";
import { createRandom, shuffle } from "../../src/random.ts";
import { argmax, macroF1, mean } from "../../src/stats.ts";

/** Examples of a task that the probe learns from, and that it is judged on. */
const learned = 1500;
const judged = 500;
const ridge = 0.1;

export interface ProbeOptions {
  readonly layerNormEpsilon: number;
  readonly padId: number;
  readonly threads: number;
}

/**
 * Macro-F1, mean over the tasks on single texts, of a ridge classifier on the pooled state of an encoder that stays as it is:
 * what a linear head could make of it (Alain and Bengio 2016).
 */
export async function probeScore(
  a: Architecture,
  encoder: Weights,
  tasks: readonly EncodedTask[],
  { layerNormEpsilon, padId, threads }: ProbeOptions,
): Promise<number> {
  const graph = inferenceGraph(a, encoder, { precision: "int8", layerNormEpsilon, heads: [] });
  const session = await openSession(graph, { threads });
  const classifier = studentClassifier({ model: session, heads: null, pairs: new Map() }, padId);
  const scores: number[] = [];
  for (const { task, examples, labels } of tasks.filter(({ task }) => task.input === "text")) {
    const sample = shuffle([...examples], createRandom(1)).slice(0, learned + judged);
    const pooled = await pooledRows(
      classifier,
      sample.map(({ ids }) => ids),
    );
    const truth = sample.map(({ target }: EncodedExample) => argmax(target));
    const cut = Math.round((sample.length * learned) / (learned + judged));
    const predicted = classify(pooled, truth.slice(0, cut), labels.length);
    scores.push(macroF1(truth.slice(cut), predicted));
    if (Number.isNaN(scores.at(-1))) throw new Error(`${task.name}: nothing to probe`);
  }
  await session.release();
  return mean(scores);
}

/** Ridge regression onto 0/1 labels of the first rows; the labels that it gives the others. */
function classify(rows: readonly Float32Array[], truth: readonly number[], labels: number): number[] {
  const features = standardised(rows);
  const known = features.subMatrix(0, truth.length - 1, 0, features.columns - 1);
  const oneHot = Matrix.zeros(truth.length, labels);
  truth.forEach((label, row) => {
    oneHot.set(row, label, 1);
  });
  const transposed = known.transpose();
  const gram = transposed.mmul(known).add(Matrix.eye(known.columns).mul(ridge * truth.length));
  const weights = new CholeskyDecomposition(gram).solve(transposed.mmul(oneHot));
  const scores = features.subMatrix(truth.length, rows.length - 1, 0, features.columns - 1).mmul(weights);
  return Array.from({ length: scores.rows }, (_, row) => argmax(scores.getRow(row)));
}

/** Columns with mean 0 and deviation 1, and a column of ones. */
function standardised(rows: readonly Float32Array[]): Matrix {
  const matrix = new Matrix(rows.map((row) => Array.from(row)));
  const centred = matrix.center("column");
  const deviations = centred.standardDeviation("column").map((deviation) => deviation || 1);
  return centred.divRowVector(deviations).addColumn(new Array<number>(rows.length).fill(1));
}
