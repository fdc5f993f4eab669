import type { FeedbackRecord } from "../../src/contract/feedback.ts";
import { must } from "../../src/invariant.ts";
import { argmax } from "../../src/stats.ts";
import { oneHot } from "../../src/tasks/classification.ts";
import type { Task } from "../../src/tasks/task.ts";
import { groupBy } from "../corpus/preparation.ts";
import { type HeldOut, isInShare } from "../corpus/split.ts";

/** What users said of one text, or pair of texts. */
export interface Correction {
  readonly task: string;
  readonly texts: readonly string[];
  /** Probability of each label: the mean of all that was said. */
  readonly target: Float32Array;
}

export interface Corrections {
  readonly train: readonly Correction[];
  /** Never trained on: by them it is told whether corrections help. The same texts in every search. */
  readonly heldOut: readonly Correction[];
  /** Records that were left out, by why. */
  readonly leftOut: Readonly<Record<string, number>>;
}

/** A task as a student has it. */
interface KnownTask {
  readonly task: Pick<Task, "name" | "input">;
  readonly labels: readonly string[];
}

export const heldOutShare = 0.2;

/**
 * Feedback as training material: records of one text are put together, those that a student's tasks cannot use are left
 * out, and so is every text that a validation or test set holds.
 */
export function toCorrections(
  records: readonly FeedbackRecord[],
  tasks: readonly KnownTask[],
  judgedOn: Pick<HeldOut, "has">,
): Corrections {
  const leftOut: Record<string, number> = {};
  const said: Correction[] = [];
  for (const record of records) {
    const target = targetOf(record, tasks);
    const reason = typeof target === "string" ? target : reasonAgainst(record, judgedOn);
    if (typeof target === "string" || reason !== null) leftOut[must(reason)] = (leftOut[must(reason)] ?? 0) + 1;
    else said.push({ task: record.task, texts: record.texts, target });
  }
  const groups = groupBy(said, ({ task, texts }) => JSON.stringify([task, texts]));
  const merged = [...groups.values()].map((group) => ({ ...must(group[0]), target: meanTarget(group) }));
  const isHeldOut = ({ texts }: Correction) => isInShare(texts.join(" "), heldOutShare);
  const heldOut = merged.filter((one) => isHeldOut(one) && meantLabel(one) !== null);
  return { train: merged.filter((one) => !isHeldOut(one)), heldOut, leftOut };
}

/** Or why there is none. */
function targetOf({ task: name, texts, label, score }: FeedbackRecord, tasks: readonly KnownTask[]) {
  const known = tasks.find(({ task }) => task.name === name);
  if (known === undefined) return `the student has no task ${name}`;
  if (texts.length !== (known.task.input === "pair" ? 2 : 1)) return `${name} is about another number of texts`;
  if (label !== undefined)
    return oneHot(known.labels.indexOf(label), known.labels.length) ?? `a label that ${name} does not have`;
  if (known.labels.length !== 2) return `a score, and ${name} has ${known.labels.length} labels`;
  return Float32Array.of(1 - must(score), must(score));
}

function reasonAgainst({ texts: [text = "", pair] }: FeedbackRecord, judgedOn: Pick<HeldOut, "has">): string | null {
  return judgedOn.has({ text, ...(pair !== undefined && { pair }) }) ? "the text is of a validation or test set" : null;
}

function meanTarget(group: readonly Correction[]): Float32Array {
  return must(group[0]).target.map(
    (_, i) => group.reduce((sum, { target }) => sum + must(target[i]), 0) / group.length,
  );
}

/** The label that users meant; null where they were of two minds, which cannot be judged. */
export function meantLabel({ target }: Correction): number | null {
  const best = argmax(target);
  return target.filter((p) => p === target[best]).length === 1 ? best : null;
}
