import type { Result } from "../../src/contract/prediction.ts";
import { must } from "../../src/invariant.ts";
import { filter } from "../../src/tasks/filter.ts";
import type { Student } from "../student.ts";

/** What the imitated moderation APIs ask of a text: attributes that it has or has not, each a task with two labels, the last one for "has". */

/** The attribute that the filter is for. */
export const toxicityTask = filter.name;

/** Tasks of the students that can answer an attribute beside toxicity; a user's own among them. */
export function attributeTasks(students: readonly Student[]): string[] {
  const able = students.flatMap(({ tasks }) => [...tasks.values()]).filter(({ task }) => task.metric !== "pearson");
  const names = able.filter(({ entry }) => entry.input === "text" && entry.labels.length === 2);
  return [...new Set(names.map(({ entry }) => entry.name))].filter((name) => name !== toxicityTask);
}

/** Calibrated probability that the text has it. */
export function probabilityOf({ scores }: Result): number {
  return must(Object.values(scores)[1]);
}

/** From the student's own threshold on. */
export function has({ label, scores }: Result): boolean {
  return label === Object.keys(scores)[1];
}
