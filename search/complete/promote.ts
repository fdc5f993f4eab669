import { existsSync } from "node:fs";
import { join } from "node:path";
import { isAdded } from "../../src/contract/graph-files.ts";
import { type Manifest, type ManifestTask, readManifest, type Score } from "../../src/contract/manifest.ts";
import { meanScore } from "../../src/contract/mean-score.ts";
import { studentFolder } from "../../src/contract/models-folder.ts";
import { scoreKey } from "../../src/contract/score-key.ts";
import { BadFileError } from "../../src/errors.ts";
import { mean } from "../../src/stats.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { learnedFromFeedback } from "../corrections/feedback-set.ts";
import { taskMean } from "../evaluate/summary-table.ts";
import { promote } from "../export/export-student.ts";
import type { Candidate } from "./export-candidate.ts";

/**
 * Puts a candidate into `models/` when there is no student for its budget yet, or when it scores better on the validation rows that
 * both were judged on. Otherwise it stays in the run's folder, and the log says why.
 */
export function promoteIfBetter(
  config: Pick<SearchConfig, "models" | "promote">,
  candidate: Candidate,
  log: Log,
): void {
  const { manifest, files } = candidate;
  const refusal = config.promote === "never" ? "--promote never" : reasonToKeep(config, candidate);
  if (refusal !== null) {
    log(`${manifest.name} · left in ${files.folder}: ${refusal}`);
    return;
  }
  promote(files, config.models, manifest.name);
  log(`${manifest.name} · now in ${join(config.models, manifest.name)} (version ${manifest.version})`);
}

function reasonToKeep(config: Pick<SearchConfig, "models">, { manifest, base }: Candidate): string | null {
  const path = join(studentFolder(config.models, manifest.name), "manifest.json");
  if (!existsSync(path)) return null;
  const current = readable(path);
  if (current === null)
    return `the student in ${join(config.models, manifest.name)} has a manifest that cannot be read`;
  const lost = current.tasks.filter(({ name }) => !manifest.tasks.some((task) => task.name === name));
  if (lost.length > 0)
    return `version ${current.version} also answers ${lost.map(({ name }) => name).join(", ")} (${adviceFor(lost)})`;
  // It has passed its gates against the student that it was made from.
  if (base !== undefined && isSameStudent(base, current)) return null;
  if (base === undefined && learnedFromFeedback(current) && !learnedFromFeedback(manifest))
    return `version ${current.version} has learned from corrections, and this one has not (--feedback FOLDER)`;
  const [now, then] = sharedMeans(encoderScores(base ?? manifest), encoderScores(current));
  if (Number.isNaN(now))
    return `it shares no validation set with version ${current.version}, so they cannot be compared`;
  if (now > then) return null;
  return `mean score ${now.toFixed(4)} is not above the ${then.toFixed(4)} of version ${current.version}`;
}

/** What may be done about tasks that a candidate lacks. */
function adviceFor(lost: readonly ManifestTask[]): string {
  const wereAdded = lost.every(isAdded);
  return wereAdded
    ? "they were added to it: name them, --tasks, and give their data, --data"
    : "--name gives students another name";
}

/** How well tasks do that were added to a finished encoder says little of the encoder: they are learned anew on another within seconds. */
function encoderScores({ tasks, scores }: Manifest): readonly Score[] {
  const added = new Set(tasks.filter(isAdded).map(({ name }) => name));
  return scores.filter(({ task }) => !added.has(task));
}

/** Whether they come of one search, one of them or both fine-tuned on corrections. */
function isSameStudent(a: Manifest, b: Manifest): boolean {
  const from = ({ searchId, seed, architecture }: Manifest) => JSON.stringify([searchId, seed, architecture]);
  return from(a) === from(b);
}

/** Null for a damaged manifest: what a search took hours for must not be lost to it. */
function readable(path: string): Manifest | null {
  try {
    return readManifest(path);
  } catch (error) {
    if (error instanceof BadFileError) return null;
    throw error;
  }
}

/** Mean scores of both over what both have: each task's mean over its data sets counts once, and suites only where it has no others. */
export function sharedMeans(a: readonly Score[], b: readonly Score[]): [number, number] {
  const other = new Map(b.map((score) => [scoreKey(score), score.student]));
  const shared = a.filter((score) => other.has(scoreKey(score)));
  const tasks = [...new Set(shared.map((score) => score.task))];
  const over = (scores: readonly Score[]) => mean(tasks.map((task) => meanOfTask(scores, task)));
  return [over(shared), over(shared.map((score) => ({ ...score, student: other.get(scoreKey(score)) as number })))];
}

function meanOfTask(scores: readonly Score[], task: string): number {
  const sampled = taskMean({ scores: [...scores] }, task);
  return Number.isNaN(sampled) ? meanScore(scores.filter((score) => score.task === task)) : sampled;
}
