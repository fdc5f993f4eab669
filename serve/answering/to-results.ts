import type { Result } from "../../src/contract/prediction.ts";
import { ModelFailedError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import { inLanguage } from "../../src/tasks/in-language.ts";
import type { Outcome } from "../queue/outcome.ts";
import type { Student } from "../students/student.ts";

/** What an item's logits say, by task; an error when they are no numbers, as those of a damaged student may be. */
export function toResults(
  student: Student,
  tasks: readonly string[],
  { logits, together, truncated, language }: Outcome,
): Record<string, Result> | ModelFailedError {
  const results: Record<string, Result> = {};
  for (const name of tasks) {
    const { task, entryTogether, entryAlone } = must(student.tasks.get(name));
    const entry = together ? entryTogether : entryAlone;
    const own = must(logits[name]);
    if (!areNumbers(own)) return new ModelFailedError(`${student.manifest.name} gave no numbers for ${name}`);
    const result = task.toResult(own, inLanguage(entry, language === undefined ? undefined : student.codes[language]));
    results[name] = truncated ? { ...result, truncated: true } : result;
  }
  return results;
}

/** Infinities are none either. */
export function areNumbers(logits: Float32Array): boolean {
  let sum = 0;
  for (const logit of logits) sum += logit;
  return Number.isFinite(sum);
}
