import { existsSync, mkdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { replacedFolderName } from "../../src/contract/models-folder.ts";

/**
 * Puts a finished folder, of the same volume, in the live student's place. May be killed at any moment: readers then find the old student or the
 * new one (`src/contract/models-folder.ts`), and the next call goes on from there.
 * @param kept where the old student is to lie afterwards; whatever lies there is removed
 */
export function replaceStudent(models: string, name: string, fresh: string, kept: string): void {
  const target = join(models, name);
  putAside(models, name);
  renameSync(fresh, target);
  keepReplaced(models, name, kept);
}

/** The live student goes aside; one that a killed call has put there stays. */
function putAside(models: string, name: string): void {
  const [target, aside] = [join(models, name), asideOf(models, name)];
  if (!existsSync(target)) return;
  mkdirSync(dirname(aside), { recursive: true });
  rmSync(aside, { recursive: true, force: true });
  renameSync(target, aside);
}

/** The end of a replacement: what it has put aside is taken from where readers look. Does nothing where there is nothing. */
export function keepReplaced(models: string, name: string, kept: string): void {
  const aside = asideOf(models, name);
  if (existsSync(aside)) {
    rmSync(kept, { recursive: true, force: true });
    renameSync(aside, kept);
  }
  removeIfEmpty(dirname(aside));
}

export function asideOf(models: string, name: string): string {
  return join(models, replacedFolderName, name);
}

/** Another student may be in it. */
export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "ENOENT" && code !== "EEXIST") throw error;
  }
}
