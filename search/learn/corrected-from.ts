import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../../src/contract/manifest.ts";
import type { Candidate } from "../complete/export-candidate.ts";
import { correctedPrefix } from "../corrections/decision.ts";
import { readFinished } from "./finished-student.ts";

/**
 * The student of a run that a served one was corrected from, or that one itself. What it is taught, with corrections that came meanwhile, it is
 * taught from there: the same corrections would count twice in the one that has learned them.
 */
export function correctedFrom(candidate: Candidate, run: string): Candidate {
  const { version } = candidate.manifest;
  const base = readdirSync(run)
    .map((name) => join(run, name))
    .find((home) => correctedIn(home).includes(version));
  return base === undefined ? candidate : readFinished(join(base, "student"));
}

/** Versions that came of corrections to the student of a folder. */
function correctedIn(home: string): string[] {
  const path = (name: string) => join(home, name, "student", "manifest.json");
  const names = existsSync(join(home, "student", "manifest.json")) ? readdirSync(home) : [];
  return names
    .filter((name) => name.startsWith(correctedPrefix) && existsSync(path(name)))
    .map((name) => readManifest(path(name)).version);
}
