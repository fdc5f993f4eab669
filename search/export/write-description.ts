import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Manifest, readManifest } from "../../src/contract/manifest.ts";
import { ConfigError } from "../../src/errors.ts";
import { replaceFile } from "../../src/replace-file.ts";
import { cardText } from "./card.ts";

/** Writes card and manifest into a student's folder; the manifest comes last, since a folder without one is no student. Returns its path. */
export function writeDescription(folder: string, manifest: Manifest): string {
  const checked = Manifest.parse(manifest);
  const path = join(folder, "manifest.json");
  replaceFile(join(folder, "card.md"), cardText(checked));
  replaceFile(path, `${JSON.stringify(checked, null, 1)}\n`);
  return path;
}

/** A student as it was read. */
interface ReadStudent {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The same for a student that was read before. @throws {ConfigError} as `refuseChanged`; nothing is written then */
export function rewriteDescription(student: ReadStudent, manifest: Manifest): string {
  refuseChanged(student);
  return writeDescription(student.folder, manifest);
}

/**
 * Another command may have written into a student's manifest since it was read, or have put another student in its place, and that would
 * be lost. @throws {ConfigError} when one has
 */
export function refuseChanged({ folder, manifest }: ReadStudent): void {
  const path = join(folder, "manifest.json");
  if (!isDeepStrictEqual(readManifest(path), manifest))
    throw new ConfigError(
      `${path} was changed by another command while this one ran, so it is left as it is; run this again`,
    );
}
