import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./sync-folder.ts";

/**
 * Puts a file in place by one rename: a reader sees the old one or the new one, never half of it. What a full disk had room
 * for is taken away again.
 */
export function replaceFile(path: string, content: string | Uint8Array): void {
  replaceBy(path, (draft) => writeFileSync(draft, content));
}

/** As `replaceFile`, and on disk before it returns: also after a power cut it is the old file or the new one. */
export function replaceFileDurably(path: string, content: string): void {
  replaceBy(path, (draft) => {
    const file = openSync(draft, "w");
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
  syncFolder(dirname(path));
}

function replaceBy(path: string, write: (draft: string) => void): void {
  const draft = `${path}.tmp`;
  try {
    write(draft);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
