import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { Candidate } from "../complete/export-candidate.ts";
import { chosenAmong, findStudents, type Student } from "../evaluate/subjects.ts";
import { readWeights } from "../export/read-weights.ts";
import { saveWeights } from "../student/weights-file.ts";
import { weightsPath } from "./finished-student.ts";

/**
 * Students that are served, in a run's folder as if that run had finished them: with the weights that they are served with,
 * since those that they were trained with are nowhere but in the run that made them. Copied once for a version; each is read when its turn
 * comes, since what is done to one may change what is said of the next.
 * @param wanted their names; undefined: all. @throws {ConfigError} when one is not there.
 */
export function* takeUpStudents(
  models: string,
  wanted: readonly string[] | undefined,
  run: string,
): Generator<Candidate, void> {
  const names = chosenAmong(findStudents(models), wanted, models).map(({ manifest }) => manifest.name);
  for (const name of names)
    for (const student of findStudents(models)) if (student.manifest.name === name) yield takeUp(student, run);
}

function takeUp({ folder: served, manifest }: Student, run: string): Candidate {
  const folder = join(run, `${manifest.name}-${manifest.version}`, "student");
  const weights = weightsPath(folder);
  if (!existsSync(weights)) {
    cpSync(served, folder, { recursive: true });
    // Last, since a killed copy is no student yet.
    saveWeights(weights, readWeights(folder, manifest));
  }
  return { manifest, files: { folder, names: Object.keys(manifest.files) } };
}
