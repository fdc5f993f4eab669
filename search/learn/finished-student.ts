import { dirname, join } from "node:path";
import { readManifest } from "../../src/contract/manifest.ts";
import { BadFileError } from "../../src/errors.ts";
import type { Candidate } from "../complete/export-candidate.ts";
import type { Weights } from "../student/weights.ts";
import { loadWeights } from "../student/weights-file.ts";

/** Where a run keeps the weights of the student that it has finished, beside the folder of its int8 artefact. */
export function weightsPath(studentFolder: string): string {
  return join(dirname(studentFolder), "heads.safetensors");
}

/** The student whose artefact lies in a folder. @throws {BadFileError} when its manifest cannot be read. */
export function readFinished(folder: string): Candidate {
  const manifest = readManifest(join(folder, "manifest.json"));
  return { manifest, files: { folder, names: Object.keys(manifest.files) } };
}

/** @throws {BadFileError} when they are missing. */
export function finishedWeights({ manifest, files }: Candidate): Weights {
  const path = weightsPath(files.folder);
  const weights = loadWeights(path);
  if (weights === null) throw new BadFileError(`${path}: the weights of ${manifest.name} are missing`);
  return weights;
}
