import { existsSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type ManifestTask, readManifest, type Score } from "../../src/contract/manifest.ts";
import { studentFolder } from "../../src/contract/models-folder.ts";
import { withOthers } from "../../src/contract/score-key.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { judgedRows, limitValidation } from "../corpus/limit-validation.ts";
import { answerRows } from "../evaluate/listen.ts";
import { scoresOf } from "../heads/score.ts";
import type { Candidate } from "./export-candidate.ts";

/**
 * What the student that a candidate would replace scores on the rows that the candidate was judged on, as it answers them now: a manifest tells
 * how many rows there were, not which, and data change. What it cannot be asked about is as its manifest says. Undefined where there is
 * none that can be asked, or need be.
 */
export async function rivalScores(
  { models, promote, threads }: Pick<SearchConfig, "models" | "promote" | "threads">,
  { manifest }: Pick<Candidate, "manifest">,
  corpus: Corpus,
  log: Log,
): Promise<readonly Score[] | undefined> {
  const folder = studentFolder(models, manifest.name);
  const path = join(folder, "manifest.json");
  if (promote === "never" || !existsSync(path)) return undefined;
  try {
    const rival = readManifest(path);
    const { results } = await answerRows({ folder, manifest: rival }, [], limitValidation(corpus, judgedRows), threads);
    const isAlike = ({ name, labels }: ManifestTask) => isDeepStrictEqual(corpus.labels.get(name), labels);
    const alike = new Set(rival.tasks.filter(isAlike).map(({ name }) => name));
    // With all of its tasks, since its own guess at the language may decide which threshold counts.
    const judged = scoresOf(results, rival.tasks).map((score): Score => ({ ...score, teacher: null }));
    return withOthers(
      judged.filter(({ task }) => alike.has(task)),
      rival.scores,
    );
  } catch (error) {
    // What was trained for hours must not be lost to a damaged student, and the runtime throws what it likes.
    log(`${folder} cannot be asked about new data: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
