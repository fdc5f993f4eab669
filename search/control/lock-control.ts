import { join } from "node:path";
import { lockFolder } from "../../src/folder-lock.ts";
import type { ControlOptions } from "./control.ts";

/** Below the models folder. Servers look into no folder that begins with a dot, and no lock in it wakes those that watch. */
const lockFolderName = ".control";

/**
 * One control at a time keeps a folder of what it knows, and one does more than observe on a models folder, whatever its `--runs`.
 * The returned function gives both back, as the end of the process does.
 * @throws {ConfigError} when another is at work.
 */
export function lockControl(options: Pick<ControlOptions, "mode" | "models" | "controlFolder">): () => void {
  const { mode, models, controlFolder } = options;
  const folders = mode === "observe" ? [controlFolder] : [controlFolder, join(models, lockFolderName)];
  const unlocks = folders.map((folder) => lockFolder(folder, (by) => `${folder}: another control is at work (${by})`));
  return () => {
    for (const unlock of unlocks) unlock();
  };
}
