import { lstatSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Nothing is written for so long: what is older was left behind by somebody who was killed. */
const staleSeconds = 3600;

/** Where this process writes what a rename puts in place: others may write the same at that moment, and none may touch another's draft. */
export function ownDraft(path: string): string {
  return `${path}.${process.pid}.draft`;
}

/** Removes drafts of this file or folder, of any process, that nobody goes on with. */
export function dropStaleDrafts(path: string): void {
  const folder = dirname(path);
  const begin = `${basename(path)}.`;
  for (const name of readdirSync(folder)) {
    const isDraft = name.startsWith(begin) && /^\d+\.draft(\.tmp)?$/.test(name.slice(begin.length));
    if (isDraft && isStale(join(folder, name))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Its owner may put it in place meanwhile. */
function isStale(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > staleSeconds * 1000;
}
