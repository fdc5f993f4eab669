import { readFileSync } from "node:fs";
import { z } from "zod";
import { leastDriftSamples, Reference } from "../../src/contract/drift.ts";
import { TaskName } from "../../src/contract/manifest.ts";
import { ConfigError } from "../../src/errors.ts";
import { fromJson, reasonOf } from "../../src/json-file.ts";
import type { TaskDrift } from "./drift.ts";

/** What traffic is compared with, by task: traffic that was once found good, as `GET /admin/drift/reference` gives it. */
export const References = z.strictObject({ tasks: z.record(TaskName, Reference) });

/** The traffic that a report is of, as a reference for later: what there are enough samples of. */
export function toReferences(report: readonly TaskDrift[]): z.infer<typeof References> {
  const tasks: Record<string, Reference> = {};
  for (const { task, feature, samples, seen } of report)
    if (samples >= leastDriftSamples) tasks[task] = { ...tasks[task], [feature]: seen };
  return { tasks };
}

/** @param path an empty one gives none. @throws {ConfigError} when the file is missing or is something else. */
export function readReferences(path: string): ReadonlyMap<string, Reference> {
  if (path === "") return new Map();
  try {
    return new Map(Object.entries(fromJson(readFileSync(path, "utf8"), References).tasks));
  } catch (cause) {
    throw new ConfigError(`KDNAS_DRIFT_REFERENCE: ${path}: ${reasonOf(cause)}`, { cause });
  }
}
