import { BadFileError } from "../../src/errors.ts";
import type { Task } from "../../src/tasks/task.ts";
import type { Collected } from "./collect.ts";
import { adviceOnSplits } from "./split.ts";

/**
 * The labels of a declared task that names none: what its training rows say, sorted.
 * @throws {BadFileError} when there are fewer than two, or a validation row has another (most often a slip of the pen).
 */
export function foundLabels(task: Task, sets: readonly Collected[]): readonly string[] {
  const labels = [...new Set(sets.flatMap((set) => [...set.labels]))].sort();
  if (task.declared === undefined || task.labels !== null) return labels;
  if (labels.length < 2) {
    const lack = `its training rows have ${labels.length} labels, and a task has at least two`;
    const advice = adviceOnSplits(sets.flatMap(({ heldOutSplits }) => [...heldOutSplits]));
    throw new BadFileError(`${task.name}: ${lack}${advice === null ? "" : `; ${advice}`}`);
  }
  for (const { set, validation } of sets) {
    const foreign = validation.find((row) => !labels.includes(row.label));
    if (foreign)
      throw new BadFileError(
        `${set.file}:${foreign.line}: the label ${JSON.stringify(foreign.label)} is on no training row of ${task.name} ` +
          `(those have ${labels.join(", ")})`,
      );
  }
  return labels;
}
