import { readFileSync } from "node:fs";
import { type Manifest, manifestFormat, toManifest } from "../../src/contract/manifest.ts";
import { BadStudentError, blame } from "./load-failure.ts";

/**
 * A manifest with its text, by which a change is known.
 * @throws {BadStudentError} when it is missing, no manifest, or of a format that only a newer server reads.
 */
export function readStudentManifest(path: string): { readonly manifest: Manifest; readonly manifestText: string } {
  const manifestText = blame("missing", () => readFileSync(path, "utf8"));
  const manifest = blame("manifest", () => readManifestOf(path, manifestText));
  return { manifest, manifestText };
}

/** A newer format is told apart, since what mends it is another server and not another student. */
function readManifestOf(path: string, text: string): Manifest {
  try {
    return toManifest(path, text);
  } catch (cause) {
    const format = /"format":\s*(\d+)/.exec(text)?.[1];
    if (format === undefined || Number(format) <= manifestFormat) throw cause;
    const message = `${path}: format ${format} is of a newer kdnas; this one reads ${manifestFormat}`;
    throw new BadStudentError(message, { reason: "format", cause });
  }
}
