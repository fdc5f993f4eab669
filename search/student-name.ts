import type { Task } from "../src/tasks/task.ts";

/**
 * Name of the student of a budget, `budget-1ms`. Students of tasks that the data declare are named after them,
 * `tickets-1.2ms`, so that they stand beside those of the built-in tasks in a models folder. What is learned beside others names none.
 */
export function studentName(
  tasks: readonly Pick<Task, "name" | "declared" | "beside">[],
  given: string | null,
  budgetMs: number,
) {
  const own = tasks.filter(({ declared, beside }) => declared !== undefined && beside === undefined);
  const declared = own.map(({ name }) => name);
  const prefix = given ?? (declared.length === 0 ? "budget" : declared.join("-"));
  return `${prefix}-${budgetMs}ms`;
}

/** Of a student's name, ms; null for one that is named otherwise. */
export function budgetOf(name: string): number | null {
  const found = /-(\d+(?:\.\d+)?)ms$/.exec(name)?.[1];
  return found === undefined ? null : Number(found);
}
