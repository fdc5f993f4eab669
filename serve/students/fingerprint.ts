import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Changes whenever a file of the folder does, but not with the folder's name; undefined when the folder cannot be read. */
export function fingerprintOf(folder: string): string | undefined {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => {
        // Gone meanwhile, or a link to nothing, as an editor's lock is.
        const file = statSync(join(folder, name), { throwIfNoEntry: false });
        return file ? `${name} ${file.size} ${file.mtimeMs} ${file.ino}` : `${name} gone`;
      })
      .join("\n");
  } catch {
    return undefined;
  }
}
