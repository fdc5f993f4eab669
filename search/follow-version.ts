import type { Manifest } from "../src/contract/manifest.ts";
import { findStudents } from "./evaluate/subjects.ts";
import { writeDescription } from "./export/write-description.ts";

interface Named {
  readonly name: string;
  readonly version: string;
}

/**
 * Ensembles and cascades hold for one version of another student. Where a new version answers all that they ask it as the old one did, they
 * are made to hold for the new one.
 */
export function followVersion(models: string, old: Named, version: string): void {
  const isOld = (one: Named) => one.name === old.name && one.version === old.version;
  for (const { folder, manifest } of findStudents(models)) {
    const { ensemble, cascade } = manifest;
    const hasJoined = ensemble?.members.some(isOld) ?? false;
    const leadsTo = cascade !== undefined && isOld(cascade.to);
    if (!hasJoined && !leadsTo) continue;
    const follow = (one: Named) => (isOld(one) ? { ...one, version } : one);
    const followed: Manifest = {
      ...manifest,
      ...(ensemble && { ensemble: { ...ensemble, members: ensemble.members.map(follow) } }),
      ...(cascade && { cascade: { ...cascade, to: follow(cascade.to) } }),
    };
    writeDescription(folder, followed);
  }
}
