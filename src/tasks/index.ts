import { UnknownModelError } from "../errors.ts";
import { adequacy } from "./adequacy.ts";
import { filter } from "./filter.ts";
import { language } from "./language.ts";
import { sentiment } from "./sentiment.ts";
import type { Task } from "./task.ts";

/** Every task of the project. A new one is a file beside this one and an entry here. */
export const tasks: readonly Task[] = [filter, sentiment, language, adequacy];

/** @throws {UnknownModelError} when no task has this name. */
export function taskNamed(name: string): Task {
  const task = tasks.find((t) => t.name === name);
  if (!task)
    throw new UnknownModelError(`no task ${JSON.stringify(name)}; there are ${tasks.map((t) => t.name).join(", ")}`);
  return task;
}
