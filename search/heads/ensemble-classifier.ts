import { weightedSum } from "../../src/contract/ensemble.ts";
import { logitsName } from "../../src/contract/graph-files.ts";
import type { Ensemble } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { Tensor } from "../../src/onnx/session.ts";
import type { Classifier } from "./predict.ts";

export interface Member {
  readonly classifier: Classifier;
  /** Width of its pooled vector. */
  readonly hidden: number;
}

/**
 * A student and the members of its ensemble as one classifier, the student first: logits as they are served, pooled vectors
 * [batch, sum of widths] side by side. What the ensemble says nothing of, the student answers alone.
 */
export function ensembleClassifier(all: readonly Member[], tasks: Ensemble["tasks"]): Classifier {
  const [{ classifier: student }] = all as [Member];
  return {
    padId: student.padId,
    run: async (batch) => {
      const outputs: Record<string, Tensor>[] = [];
      for (const { classifier } of all) outputs.push(await classifier.run(batch));
      const joint = tasks.flatMap(({ task, weights }) => {
        const name = logitsName(task);
        const logits = outputs.map((own) => own[name]);
        return logits[0] === undefined ? [] : [[name, sumOf(logits, weights)] as const];
      });
      return {
        ...outputs[0],
        ...Object.fromEntries(joint),
        pooled: sideBySide(outputs.map(({ pooled }) => must(pooled))),
      };
    },
    runPair: async (task, { source, target, surface }) => {
      const weights = tasks.find((entry) => entry.task === task)?.weights ?? [1];
      const logits: (Tensor | undefined)[] = [];
      let start = 0;
      for (const [i, { classifier, hidden }] of all.entries()) {
        const halves = { source: columns(source, start, hidden), target: columns(target, start, hidden) };
        logits.push((weights[i] ?? 0) > 0 ? await classifier.runPair(task, { ...halves, surface }) : undefined);
        start += hidden;
      }
      return sumOf(logits, weights);
    },
  };
}

function sumOf(logits: readonly (Tensor | undefined)[], weights: readonly number[]): Tensor {
  const sum = weightedSum(
    logits.map((own) => own?.data as Float32Array | undefined),
    weights,
  );
  return new Tensor("float32", sum, [...must(logits.find((own) => own !== undefined)).dims]);
}

/** [rows, a], [rows, b], … to [rows, a + b + …]. */
function sideBySide(tensors: readonly Tensor[]): Tensor {
  const rows = must(must(tensors[0]).dims[0]);
  const width = tensors.reduce((sum, { dims }) => sum + must(dims[1]), 0);
  const data = new Float32Array(rows * width);
  let start = 0;
  for (const { data: own, dims } of tensors) {
    const part = must(dims[1]);
    for (let row = 0; row < rows; row++)
      data.set((own as Float32Array).subarray(row * part, (row + 1) * part), row * width + start);
    start += part;
  }
  return new Tensor("float32", data, [rows, width]);
}

function columns({ data, dims }: Tensor, start: number, width: number): Tensor {
  const [rows, all] = dims as [number, number];
  const cut = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++)
    cut.set((data as Float32Array).subarray(row * all + start, row * all + start + width), row * width);
  return new Tensor("float32", cut, [rows, width]);
}
