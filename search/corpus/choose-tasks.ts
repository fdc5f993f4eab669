import { ConfigError } from "../../src/errors.ts";
import type { Task } from "../../src/tasks/task.ts";
import type { DataSet } from "./datasets.ts";

interface Source {
  /** A folder that was asked for, not the sample that is read besides. */
  readonly given: boolean;
  readonly dataSets: readonly Pick<DataSet, "task">[];
}

/**
 * The tasks that a corpus is made for: those named, or else those that the given folders have labelled sets of. A folder
 * with one task makes students of that task; the sample, which is read besides, adds rows to a task but no tasks, except those
 * that are learned beside one of them.
 * @throws {ConfigError} for a name that no folder has data for.
 */
export function chooseTasks(
  all: readonly Task[],
  sources: readonly Source[],
  named: readonly string[] | "all" | undefined,
): readonly Task[] {
  const fedBy = (chosen: readonly Source[]) => {
    const fed = new Set(chosen.flatMap(({ dataSets }) => dataSets.map((set) => set.task)));
    return all.filter((task) => fed.has(task.dataTask));
  };
  const available = fedBy(sources);
  if (named === undefined) {
    const brought = fedBy(sources.filter(({ given }) => given));
    return brought.length > 0
      ? available.filter((task) => brought.includes(task) || isBeside(task, brought))
      : available;
  }
  if (named === "all") return available;
  const unknown = named.filter((name) => !available.some((task) => task.name === name));
  if (unknown.length > 0)
    throw new ConfigError(
      `no data for the task ${unknown.join(", ")}; there are ${available.map((task) => task.name).join(", ")}`,
    );
  return available.filter((task) => named.includes(task.name));
}

function isBeside({ beside }: Task, others: readonly Task[]): boolean {
  return others.some(({ name }) => name === beside);
}
