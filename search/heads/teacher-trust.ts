import { createHash } from "node:crypto";
import type { Score } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { mean } from "../../src/stats.ts";
import { handlingOf, withoutSuites } from "../corpus/known-sets.ts";
import { groupBy } from "../corpus/preparation.ts";
import type { EncodedTask } from "../student/encoded-task.ts";

/** Whether a student should learn what the teacher says of a task's texts: of those of a data set, or of unlabelled ones (null). */
export type Trust = (task: string, dataSet: string | null) => boolean;

export const fullTrust: Trust = () => true;

/**
 * A teacher is believed where it is better than the student on validation data: set by set, and about unlabelled texts where it
 * is better over the sets of the task; of several who are asked about those, as soon as it is better on one, since the others hold what it
 * is worse at. Of sets that it was not judged on it is not believed. Null when it was judged on none.
 * @param ofSeveral whether others are asked about a task too
 */
export function trustByScores(
  scores: readonly Score[],
  ofSeveral: (task: string) => boolean = () => false,
): Trust | null {
  const judged = scores.filter(({ teacher }) => teacher !== null);
  if (judged.length === 0) return null;
  const gains = [...groupBy(judged, ({ task, dataSet }) => JSON.stringify([task, dataSet])).values()].map((rows) => ({
    task: must(rows[0]).task,
    dataSet: must(rows[0]).dataSet,
    gain: mean(rows.map(({ teacher, student }) => must(teacher) - student)),
  }));
  return (task, dataSet) => {
    const all = gains.filter((one) => one.task === task);
    if (dataSet !== null) {
      const judgedBy = handlingOf(dataSet).judgedBy ?? dataSet;
      return all.some((one) => one.dataSet === judgedBy && one.gain > 0);
    }
    const own = withoutSuites(all, (one) => one.dataSet);
    if (ofSeveral(task)) return own.some(({ gain }) => gain > 0);
    return own.length > 0 && mean(own.map(({ gain }) => gain)) > 0;
  };
}

/** Eight hex digits over the tasks and data sets that a teacher is believed about. */
export function trustHash(trust: Trust, tasks: readonly Pick<EncodedTask, "task" | "examples">[]): string {
  const believed = tasks.flatMap(({ task: { name }, examples }) => {
    const dataSets = [null, ...new Set(examples.map(({ dataSet }) => dataSet))];
    return dataSets.filter((dataSet) => trust(name, dataSet)).map((dataSet) => [name, dataSet]);
  });
  return createHash("sha256").update(JSON.stringify(believed)).digest("hex").slice(0, 8);
}
