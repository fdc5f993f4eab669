import { z } from "zod";
import { UnknownModelError } from "../../src/errors.ts";
import type { Task } from "../../src/tasks/task.ts";
import { checkLoaded } from "../answering/choose.ts";
import type { Student } from "../students/student.ts";
import { answerTask, nativeRoute, TaskReply, taskRequests } from "./predict.ts";
import type { HotRoute } from "./route.ts";

/** Any task by its name, those included that a user's data declared: they come and go with the students that have them. */
export const taskRoute: HotRoute = {
  ...nativeRoute(z.union([taskRequests.text, taskRequests.pair]), "Asks for the task of this name", TaskReply),
  path: "/v1/tasks/{task}",
  answer: (app, req, res, { task = "" }) => answerTask(app, servedTask(app.registry.students(), task), req, res),
};

/**
 * @throws {UnknownModelError} when no student has it, naming the tasks there are.
 * @throws {UnavailableError} when there is no student at all.
 */
export function servedTask(students: readonly Student[], name: string): Task {
  checkLoaded(students);
  for (const { tasks } of students) {
    const known = tasks.get(name);
    if (known) return known.task;
  }
  const names = [...new Set(students.flatMap(({ tasks }) => [...tasks.keys()]))];
  throw new UnknownModelError(`no student has this task; there are ${names.join(", ") || "none"}`);
}
