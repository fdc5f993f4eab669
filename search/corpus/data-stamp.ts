import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { readSources } from "./sources.ts";

/**
 * Twelve hex digits over names, sizes and times of the files of data folders: tells, without a row being read, whether they
 * are still what they were. @throws {BadFileError} for a folder without a usable `datasets.json`
 */
export async function dataStamp(folders: readonly string[]): Promise<string> {
  const { sets } = await readSources(folders, "all");
  const paths = sets.flatMap(({ folder, set }) => [join(folder, "datasets.json"), join(folder, set.file)]);
  const hash = createHash("sha256");
  for (const path of new Set(paths)) {
    const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
    hash.update(JSON.stringify([path, size, mtimeMs]));
  }
  return hash.digest("hex").slice(0, 12);
}
