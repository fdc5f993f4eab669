import { membersAmong } from "../../src/contract/ensemble.ts";
import { BadFileError } from "../../src/errors.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { judgedRows, limitValidation } from "../corpus/limit-validation.ts";
import { fitEnsembles } from "../evaluate/fit-ensembles.ts";
import { unjudged } from "../evaluate/listen.ts";
import { findStudents, type Student } from "../evaluate/subjects.ts";
import type { Candidate } from "./export-candidate.ts";

/**
 * Fits ensembles for who has none because of what was trained: candidates that were promoted, and students that had a member which
 * was replaced. It goes by what is in `models/`, so that a run that was killed before this makes up for it when it is started again.
 */
export async function renewEnsembles(
  { models, promote, threads }: Pick<SearchConfig, "models" | "promote" | "threads">,
  candidates: readonly Candidate[],
  corpus: Corpus,
  log: Log,
): Promise<void> {
  if (promote === "never") return;
  const students = readableStudents(models, log);
  const wanted = students.filter((student) => lacksEnsemble(student, students, candidates));
  const able = wanted.filter(({ manifest }) => unjudged(manifest, corpus).length === 0);
  for (const { manifest } of wanted.filter((student) => !able.includes(student)))
    log(
      `${manifest.name} answers alone: the data judge no ${unjudged(manifest, corpus).join(", ")} as it answers it ` +
        "(npm run ensemble -- --write --data of what does)",
    );
  await fitEnsembles(able, students, limitValidation(corpus, judgedRows), { threads, write: true }, log);
}

/** None where a manifest is damaged: what was trained for hours has been promoted, and must not fail for it. */
function readableStudents(models: string, log: Log): Student[] {
  try {
    return findStudents(models);
  } catch (error) {
    if (!(error instanceof BadFileError)) throw error;
    log(`ensembles stay as they are: ${error.message}`);
    return [];
  }
}

function lacksEnsemble(
  { manifest }: Student,
  students: readonly Student[],
  candidates: readonly Pick<Candidate, "manifest">[],
): boolean {
  if (manifest.ensemble !== undefined) return membersAmong(manifest, students).length === 0;
  return candidates.some(({ manifest: own }) => own.name === manifest.name && own.version === manifest.version);
}
