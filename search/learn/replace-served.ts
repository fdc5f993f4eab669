import { join } from "node:path";
import type { Manifest } from "../../src/contract/manifest.ts";
import { studentFolder } from "../../src/contract/models-folder.ts";
import { ConfigError } from "../../src/errors.ts";
import type { Log } from "../command/command.ts";
import type { Candidate } from "../complete/export-candidate.ts";
import { learnedFromFeedback } from "../corrections/feedback-set.ts";
import { promote } from "../export/export-student.ts";
import { hasCandidate } from "../export/has-candidate.ts";
import { refuseChanged } from "../export/write-description.ts";
import { followVersion } from "./follow-version.ts";

/** A candidate without the new tasks would take them away again. @throws {ConfigError} */
export function refuseRollout(models: string, { name }: Pick<Manifest, "name">): void {
  if (hasCandidate(models, name))
    throw new ConfigError(
      `a candidate is beside ${name}; end its rollout first (npm run rollout), then run this again`,
    );
}

/**
 * Puts a student with more tasks in the place of the one that it was made from. Others follow first: killed between, the same command makes
 * the same version again, and puts it where they look for it.
 * @param old as it was read, minutes ago. @throws {ConfigError} when it is another now, or a rollout has begun; nothing is changed then
 */
export function replaceServed(
  models: string,
  old: Manifest,
  { manifest, files }: Candidate,
  tasks: readonly string[],
  log: Log,
): void {
  const { name, version } = manifest;
  refuseRollout(models, old);
  refuseChanged({ folder: studentFolder(models, old.name), manifest: old });
  followVersion(models, old, version, tasks);
  promote(files, models, name);
  log(`${name} · now in ${join(models, name)} (version ${version})`);
  const again = old.tasks.filter((task) => tasks.includes(task.name)).map((task) => task.name);
  if (again.length > 0)
    log(`ensembles and cascades leave ${again.join(", ")} out until npm run ensemble, cascade -- --data ... --write`);
  if (learnedFromFeedback(old)) log(`${name} · corrections of these tasks are not in it: npm run learn`);
}
