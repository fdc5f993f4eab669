import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * The models folder holds a folder for each student. No system call that Node has swaps a folder for another, so a student is replaced by two
 * renames, the old one away and the new one in. Between them, and for as long as nobody goes on after a kill there, the old one lies in
 * `.replaced/<name>` and is the live one: whoever reads the models folder asks here where students lie, so that there is one
 * live version of a name at any moment.
 */
export const replacedFolderName = ".replaced";

/** Where the live student of a name lies, or would lie. */
export function studentFolder(models: string, name: string): string {
  const [own, aside] = [join(models, name), join(models, replacedFolderName, name)];
  return existsSync(own) || !existsSync(aside) ? own : aside;
}

/** Folders that students may lie in, by name; none where there is no such folder. @throws when it cannot be read. */
export function studentNames(models: string): string[] {
  return [...new Set([...folderNames(models), ...folderNames(join(models, replacedFolderName))])].sort();
}

/** Where the live students lie, by name. @throws when the models folder cannot be read. */
export function studentFolders(models: string): string[] {
  return studentNames(models).map((name) => studentFolder(models, name));
}

/** What begins with a dot is no student, whatever it holds. */
function folderNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith("."))
    .map(({ name }) => name);
}
