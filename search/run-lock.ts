import { lockFolder } from "../src/folder-lock.ts";

/** Takes a run's folder, made if need be; the returned function gives it back. @throws {ConfigError} when it is taken. */
export function lockRun(folder: string): () => void {
  return lockFolder(
    folder,
    (by) => `${folder}: another search is writing here (${by}); wait for it, stop it, or begin another with --id`,
  );
}
