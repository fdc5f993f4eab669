import {
  type Counts,
  lengthCategories,
  lengthIndex,
  type Reference,
  scoreScale,
  toCounts,
  unknownCategories,
  unknownIndex,
} from "../../src/contract/drift.ts";
import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { languageCodes } from "../../src/tasks/in-language.ts";
import { taskOf } from "../../src/tasks/index.ts";
import type { LabelledRow } from "../../src/tasks/task.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import type { SetLogits } from "../heads/score.ts";

/**
 * The tasks with what their validation texts are like, counted as a server counts its own: tokens up to the length that it
 * reads (answers may have been given to less), labels by the fitted thresholds. Tasks without validation rows stay as they are.
 */
export function withReferences(
  tasks: readonly ManifestTask[],
  results: readonly SetLogits[],
  tokenizer: Tokenizer,
  maxTokens: number,
): ManifestTask[] {
  const codes = languageCodes(tasks);
  return tasks.map((task) => {
    const own = results.filter(({ set }) => set.task === task.name);
    const rows = own.flatMap(({ set }) => set.rows);
    if (rows.length === 0) return task;
    const reference = { ...textCounts(rows, tokenizer, maxTokens), score: scoreCounts(task, own) };
    const languages = languageCounts(codes, own);
    return { ...task, reference: languages ? { ...reference, language: languages } : reference };
  });
}

function textCounts(rows: readonly LabelledRow[], tokenizer: Tokenizer, maxTokens: number): Reference {
  const lengths = lengthCategories.map(() => 0);
  const unknowns = unknownCategories.map(() => 0);
  for (const row of rows) {
    const ids = [row.text, ...(row.pair === undefined ? [] : [row.pair])].map(
      (t) => tokenizer.encode(t, maxTokens).ids,
    );
    const tokens = ids.reduce((sum, { length }) => sum + length, 0);
    const unknown = ids.reduce((sum, of) => sum + of.filter((id) => id === tokenizer.unknownId).length, 0);
    countAt(lengths, lengthIndex(tokens));
    countAt(unknowns, unknownIndex(unknown, tokens));
  }
  return { length: toCounts(lengthCategories, lengths), unknown: toCounts(unknownCategories, unknowns) };
}

function scoreCounts(entry: ManifestTask, results: readonly SetLogits[]): Counts {
  const scale = scoreScale(entry);
  const task = taskOf(entry);
  const counts = scale.categories.map(() => 0);
  for (const { logits } of results) for (const row of logits) countAt(counts, scale.indexOf(task.toResult(row, entry)));
  return toCounts(scale.categories, counts);
}

function languageCounts(codes: readonly string[], results: readonly SetLogits[]): Counts | undefined {
  const counts = codes.map(() => 0);
  for (const { languages } of results) {
    if (languages === undefined) return undefined;
    for (const code of languages) countAt(counts, code);
  }
  return toCounts(codes, counts);
}

function countAt(counts: number[], index: number): void {
  counts[index] = must(counts[index]) + 1;
}
