import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Changes whenever a file of the folder does, but not with the folder's name; undefined when it vanishes under our eyes. */
export function fingerprintOf(folder: string): string | undefined {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => {
        const { size, mtimeMs, ino } = statSync(join(folder, name));
        return `${name} ${size} ${mtimeMs} ${ino}`;
      })
      .join("\n");
  } catch {
    return undefined;
  }
}
