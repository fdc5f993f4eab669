import { closeSync, fsyncSync, openSync } from "node:fs";

/** A new file survives a power cut only when its folder was synced too. Some systems cannot open a folder: skip then. */
export function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  fsyncSync(folder);
  closeSync(folder);
}
