import { closeSync, fsyncSync, openSync } from "node:fs";
import { errorCode } from "./error-code.ts";

/** What file systems answer that know no syncing of folders, as those of shared folders and of Windows' shares. */
const unknownThere = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "EBADF"]);

/**
 * A new file survives a power cut only when its folder was synced too. Some systems cannot open a folder, some file systems not sync
 * one: what was written there is done all the same.
 * @param sync for tests
 */
export function syncFolder(path: string, sync: (descriptor: number) => void = fsyncSync): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    sync(folder);
  } catch (cause) {
    if (!unknownThere.has(errorCode(cause))) throw cause;
  } finally {
    closeSync(folder);
  }
}
