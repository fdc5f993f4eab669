import { must } from "../../src/invariant.ts";
import type { EncodedTask } from "../student/encoded-task.ts";
import { fitTemperature, logLoss } from "./calibrate.ts";
import { fittedOn, type SetLogits } from "./score.ts";

const weights = [0, 0.125, 0.25, 0.5, 0.75, 1, 1.5, 2];

type Judging = Pick<EncodedTask, "task" | "labels">;

/**
 * How much of a second opinion about a task is to be added to a first: the weight whose sum, once calibrated, has the least log-loss.
 * @param together logits of both added up, of the same sets.
 */
export function weightOfSecond(judging: Judging, alone: readonly SetLogits[], together: readonly SetLogits[]): number {
  const rows = rowsOf(judging, alone, together);
  if (rows.length === 0) return 1;
  const losses = weights.map((weight) => lossOf(rows, weight));
  return must(weights[losses.indexOf(Math.min(...losses))]);
}

interface Row {
  readonly target: Float32Array;
  readonly first: Float32Array;
  readonly sum: Float32Array;
}

function rowsOf({ task, labels }: Judging, alone: readonly SetLogits[], together: readonly SetLogits[]): Row[] {
  const own = fittedOn(alone.filter(({ set }) => set.task === task.name));
  return own.flatMap((results) =>
    results.set.rows.flatMap((row, at) => {
      const target = task.toTarget(row, labels, results.set.dataSet);
      const sums = must(together[alone.indexOf(results)]).logits;
      return target === null ? [] : [{ target, first: must(results.logits[at]), sum: must(sums[at]) }];
    }),
  );
}

function lossOf(rows: readonly Row[], weight: number): number {
  const targets = rows.map(({ target }) => target);
  const logits = rows.map(({ first, sum }) => first.map((own, i) => own + weight * (must(sum[i]) - own)));
  return logLoss(logits, targets, fitTemperature(logits, targets));
}
