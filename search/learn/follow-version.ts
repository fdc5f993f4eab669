import { answeredAlone } from "../../src/contract/ensemble.ts";
import { findStudents, type Student } from "../evaluate/subjects.ts";
import { writeDescription } from "../export/write-description.ts";

interface Named {
  readonly name: string;
  readonly version: string;
}

/**
 * Ensembles and cascades hold for one version of another student. Where a new version answers all that they ask it as the old one did, they
 * are made to hold for the new one; not for the tasks that it answers otherwise.
 */
export function followVersion(models: string, old: Named, version: string, changed: readonly string[]): void {
  const isOld = (one: Named) => one.name === old.name && one.version === old.version;
  const follow = (one: Named) => (isOld(one) ? { ...one, version } : one);
  for (const { folder, manifest } of findStudents(models).filter(concerns(isOld))) {
    const { ensemble, cascade, ...alone } = answeredAlone(manifest, changed);
    writeDescription(folder, {
      ...alone,
      ...(ensemble && { ensemble: { ...ensemble, members: ensemble.members.map(follow) } }),
      ...(cascade && { cascade: { ...cascade, to: follow(cascade.to) } }),
    });
  }
}

function concerns(isOld: (one: Named) => boolean): (student: Student) => boolean {
  return ({ manifest: { ensemble, cascade } }) =>
    (ensemble?.members.some(isOld) ?? false) || (cascade !== undefined && isOld(cascade.to));
}
