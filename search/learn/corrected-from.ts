import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Candidate } from "../complete/export-candidate.ts";
import { correctedVersions } from "../corrections/corrected-versions.ts";
import { readFinished } from "./finished-student.ts";

/**
 * The student of a run that a served one was corrected from, or that one itself. What it is taught, with corrections that came meanwhile, it is
 * taught from there: the same corrections would count twice in the one that has learned them.
 */
export function correctedFrom(candidate: Candidate, run: string): Candidate {
  const { version } = candidate.manifest;
  const base = readdirSync(run)
    .map((name) => join(run, name))
    .find((home) => correctedVersions(home).includes(version));
  return base === undefined ? candidate : readFinished(join(base, "student"));
}
