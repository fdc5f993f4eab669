import { collect } from "../search/corpus/collect.ts";
import { Limits } from "../search/corpus/limits.ts";
import { readSources } from "../search/corpus/sources.ts";
import { HeldOut } from "../search/corpus/split.ts";
import { createRandom, shuffle } from "../src/random.ts";
import { taskNamed } from "../src/tasks/index.ts";
import { printSets } from "./data-folders.ts";

export interface LabelledText {
  readonly text: string;
  /** The label that is right. */
  readonly label: string;
}

/** Texts of one language in a set: no set shall outweigh the others. */
const perLanguage = 150;

/** Validation rows of a task over single texts, as searches hold them out, in random order, at most `most`. */
export async function labelledTexts(
  folders: readonly string[],
  taskName: string,
  most: number,
): Promise<LabelledText[]> {
  const task = taskNamed(taskName);
  const { labels } = task;
  if (labels === null || task.input !== "text") throw new Error(`${taskName} has no fixed labels over single texts`);
  const limits = Limits.parse({ labelledPerLanguage: 1, validationPerLanguage: perLanguage });
  const sources = await readSources(folders, [taskName]);
  const own = sources.sets.filter(({ set }) => set.task === task.dataTask);
  printSets(own.map(({ set }) => set));
  const rows: LabelledText[] = [];
  for (const { folder, set } of own) {
    const { validation } = await collect(folder, set, task, 1, limits, new HeldOut());
    for (const row of validation) rows.push({ text: row.text, label: labels[task.toTruth(row, labels)] as string });
  }
  return shuffle(rows, createRandom(1)).slice(0, most);
}
