import { join } from "node:path";
import { Manifest } from "../../src/contract/manifest.ts";
import { replaceFile } from "../../src/replace-file.ts";
import { cardText } from "./card.ts";

/** Writes card and manifest into a student's folder; the manifest comes last, since a folder without one is no student. Returns its path. */
export function writeDescription(folder: string, manifest: Manifest): string {
  const checked = Manifest.parse(manifest);
  const path = join(folder, "manifest.json");
  replaceFile(join(folder, "card.md"), cardText(checked));
  replaceFile(path, `${JSON.stringify(checked, null, 1)}\n`);
  return path;
}
