import type { Result } from "../../src/contract/prediction.ts";
import { must } from "../../src/invariant.ts";
import { filter } from "../../src/tasks/filter.ts";
import type { Student } from "../students/student.ts";

/** What the imitated moderation APIs ask of a text: attributes that it has or has not, each a task with two labels, the last one for "has". */

/** The attribute that the filter is for. */
export const toxicityTask = filter.name;

/** Tasks of the students that can answer an attribute beside toxicity; a user's own among them. */
export function attributeTasks(students: readonly Student[]): string[] {
  const able = students.flatMap(({ tasks }) => [...tasks.values()]).filter(({ task }) => task.metric !== "pearson");
  const names = able.filter(({ entry }) => entry.input === "text" && entry.labels.length === 2);
  return [...new Set(names.map(({ entry }) => entry.name))].filter((name) => name !== toxicityTask);
}

/** Reads what a student said of a task that answers an attribute. */
export function attributeReader(
  { tasks }: Student,
  task: string,
): {
  /** Calibrated probability that the text has it. */
  readonly probabilityOf: (result: Result) => number;
  /** From the student's own threshold on. */
  readonly has: (result: Result) => boolean;
} {
  const label = must(must(tasks.get(task), task).entry.labels[1]);
  return { probabilityOf: ({ scores }) => must(scores[label]), has: (result) => result.label === label };
}
