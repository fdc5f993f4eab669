import { createHash } from "node:crypto";
import type { Corpus } from "./assemble.ts";

/**
 * Twelve hex digits over every label and text that is learned from or judged on, and over what data declare of their tasks. What
 * built-in tasks are is code.
 */
export function corpusHash({ tasks, train, labels, validation, unlabelled }: Corpus): string {
  const hash = createHash("sha256");
  const add = (...cells: readonly (string | number | undefined)[]) => hash.update(`${cells.join("\t")}\n`);
  for (const { name, input, metric, weight, beside, declared } of tasks)
    if (declared !== undefined) add("declared", name, input, metric, weight, beside);
  for (const [task, names] of labels) add("labels", task, ...names);
  for (const [task, examples] of train)
    for (const e of examples) add(task, e.dataSet, e.language, e.label, e.weight, e.text, e.pair);
  for (const { task, dataSet, language, rows } of validation)
    for (const row of rows) add("validation", task, dataSet, language, row.label, row.text, row.pair);
  for (const { language, text } of unlabelled) add("unlabelled", language, text);
  return hash.digest("hex").slice(0, 12);
}
