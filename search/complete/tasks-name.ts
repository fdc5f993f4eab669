import { createHash } from "node:crypto";

/** Longer ones may make a folder's name that file systems refuse: at most 255 bytes, of which others have a part. */
const longest = 200;

/** Some tasks as a part of a folder's name: their names, or a hash where that would be long. */
export function tasksName(tasks: readonly string[]): string {
  const names = tasks.join("-");
  if (names.length <= longest) return names;
  return createHash("sha256")
    .update([...tasks].sort().join())
    .digest("hex")
    .slice(0, 12);
}
