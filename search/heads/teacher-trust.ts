import { createHash } from "node:crypto";
import type { Score } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { mean } from "../../src/stats.ts";
import { handlingOf, withoutSuites } from "../corpus/known-sets.ts";
import { groupBy } from "../corpus/preparation.ts";
import type { EncodedTask } from "../student/encoded-task.ts";

/**
 * How far a student should learn what somebody says of a task's texts, of those of a data set or of unlabelled ones (null): its share
 * in the target beside the label, 0 where it is not believed. Unlabelled texts have no other target.
 */
export type Trust = (task: string, dataSet: string | null) => number;

const mostTrust = 0.75;
/** Of a teacher that is about as good as the student: it errs elsewhere. */
const someTrust = 0.5;
/**
 * What such a teacher may be worse by. Students who know a set's labels by heart say the labels again, so that half of each is as a pool of
 * both: of ten filter sets on which a teacher was worse than three students, by up to 3.5 points of area under the curve, that pool was better
 * than the students on nine.
 */
const lag = 0.02;

export const fullTrust: Trust = () => mostTrust;

/**
 * A teacher is believed where it is better than the student on validation data, and less where it is about as good: set by set, and about
 * unlabelled texts where it is better over the sets of the task; of several who are asked about those, as soon as it is better on one,
 * since the others hold what it is worse at. Of sets that it was not judged on it is not believed. Null when it was judged on none.
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
      const gain = all.find((one) => one.dataSet === judgedBy)?.gain ?? Number.NEGATIVE_INFINITY;
      return gain > 0 ? mostTrust : gain > -lag ? someTrust : 0;
    }
    const own = withoutSuites(all, (one) => one.dataSet);
    const isBetter = ofSeveral(task)
      ? own.some(({ gain }) => gain > 0)
      : own.length > 0 && mean(own.map(({ gain }) => gain)) > 0;
    return isBetter ? mostTrust : 0;
  };
}

/** Eight hex digits over the tasks and data sets that a teacher is believed about, and how far. */
export function trustHash(trust: Trust, tasks: readonly Pick<EncodedTask, "task" | "examples">[]): string {
  const believed = tasks.flatMap(({ task: { name }, examples }) => {
    const dataSets = [null, ...new Set(examples.map(({ dataSet }) => dataSet))];
    return dataSets.map((dataSet) => [name, dataSet, trust(name, dataSet)]);
  });
  return createHash("sha256").update(JSON.stringify(believed)).digest("hex").slice(0, 8);
}
