import type { ManifestTask } from "../contract/manifest.ts";
import { language } from "./language.ts";

/** Codes in the order of a student's language head; none where it has no such head. */
export function languageCodes(tasks: readonly Pick<ManifestTask, "name" | "labels">[]): readonly string[] {
  return tasks.find(({ name }) => name === language.name)?.labels ?? [];
}

/** A task as it decides about texts in a language: with the threshold of that language, where it has its own. */
export function inLanguage(entry: ManifestTask, code: string | undefined): ManifestTask {
  const threshold = code === undefined ? undefined : entry.languageThresholds?.[code];
  return threshold === undefined ? entry : { ...entry, threshold };
}
