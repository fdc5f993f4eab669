import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { dropStaleDrafts, ownDraft } from "./own-draft.ts";
import { syncFolder } from "./sync-folder.ts";

/**
 * Puts a file in place by one rename: a reader sees the old one or the new one, never half of it.
 * @param mode of the file, before the process's mask @default 0o666
 */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o666): void {
  replaceBy(path, (draft) => writeFileSync(draft, content, { mode }));
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

/**
 * As `replaceFile`, of what `write` puts into the draft. What a full disk had room for is taken away again; what others left behind who
 * were killed goes first, since it may be what fills the disk.
 */
export function replaceBy(path: string, write: (draft: string) => void): void {
  const draft = ownDraft(path);
  dropStaleDrafts(path);
  try {
    write(draft);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
