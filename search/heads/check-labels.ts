import { ConfigError } from "../../src/errors.ts";
import type { EncodedTask } from "../student/encoded-task.ts";
import type { FineTunedTeacher } from "../teacher/fine-tune.ts";
import { isTaught } from "./soft-targets.ts";

type Learning = Pick<EncodedTask, "task" | "labels">;

interface Known {
  readonly name: string;
  readonly labels: readonly string[];
}

/**
 * An answer is nothing but numbers in the order of the labels: who is asked has the same ones as who is to learn, in every
 * task that both have. @throws {ConfigError} naming the folder and the task
 */
export function checkLabels(folder: string, known: readonly Known[], tasks: readonly Learning[]): void {
  for (const { task, labels } of tasks) {
    const own = known.find(({ name }) => name === task.name);
    if (own !== undefined && JSON.stringify(own.labels) !== JSON.stringify(labels))
      throw new ConfigError(`${folder}: its labels of ${task.name} are ${own.labels}, not ${labels}`);
  }
}

/** `checkLabels` of teachers, about the tasks that learn what they say. @throws {ConfigError} */
export function checkTeachers(teachers: readonly FineTunedTeacher[], tasks: readonly Learning[]): void {
  const taught = tasks.filter(({ task }) => isTaught(task));
  for (const { folder, tasks: known } of teachers) checkLabels(folder, known, taught);
}
