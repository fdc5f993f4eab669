import { ConfigError } from "../../src/errors.ts";
import type { Corpus } from "./assemble.ts";
import { adviceOnSplits } from "./split.ts";

/**
 * Before hours of work: that each task has rows to learn from. A task without rows to judge by, and a set that adds none by the names of its splits, get a word.
 * @throws {ConfigError} naming a task that has none
 */
export function checkLearnable(
  { tasks, train, validation, unlearned = [] }: Corpus,
  log: (line: string) => void,
): void {
  const lacking = tasks.find(({ name }) => (train.get(name) ?? []).length === 0);
  if (lacking !== undefined) {
    const splits = unlearned.flatMap((set) => (set.task === lacking.name ? set.splits : []));
    throw new ConfigError(`${lacking.name}: these data have no rows to learn from${whyNone(splits)}`);
  }
  for (const { name } of tasks)
    if (!validation.some(({ task }) => task === name))
      log(
        `${name} · no rows to judge by (split val, or validationShare): no scores, and probabilities are not calibrated`,
      );
  for (const { dataSet, splits } of unlearned) {
    const advice = adviceOnSplits(splits);
    if (advice !== null) log(`${dataSet} · ${advice}`);
  }
}

function whyNone(splits: readonly string[]): string {
  const advice = adviceOnSplits(splits);
  return advice === null ? ", only ones to judge by" : `: ${advice}`;
}
