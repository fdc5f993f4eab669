import type { ManifestTask } from "../contract/manifest.ts";
import { UnknownModelError } from "../errors.ts";
import { adequacy } from "./adequacy.ts";
import { createDeclaredTask } from "./declared.ts";
import { filter } from "./filter.ts";
import { language } from "./language.ts";
import { sentiment } from "./sentiment.ts";
import type { Task } from "./task.ts";

/** Every task that is built in: a file beside this one and an entry here. Others are declared by data (`declared.ts`). */
export const tasks: readonly Task[] = [filter, sentiment, language, adequacy];

/** @throws {UnknownModelError} when no task has this name. */
export function taskNamed(name: string): Task {
  const task = tasks.find((t) => t.name === name);
  if (!task)
    throw new UnknownModelError(`no task ${JSON.stringify(name)}; there are ${tasks.map((t) => t.name).join(", ")}`);
  return task;
}

/** What a manifest says of a task; the input of one that is built in is known without it. */
export interface TaskEntry extends Pick<ManifestTask, "name" | "labels" | "declared"> {
  readonly input?: ManifestTask["input"] | undefined;
}

/** The task of a manifest's entry: declared there, or built in. @throws {UnknownModelError} when it is neither. */
export function taskOf({ name, input = "text", labels, declared }: TaskEntry): Task {
  if (declared === undefined) return taskNamed(name);
  return createDeclaredTask({ name, input, labels, ...declared });
}
