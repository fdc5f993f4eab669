import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isAdded } from "../../src/contract/graph-files.ts";
import { type Manifest, type ManifestTask, readManifest, type Score } from "../../src/contract/manifest.ts";
import { studentFolder } from "../../src/contract/models-folder.ts";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import { scoreKey } from "../../src/contract/score-key.ts";
import { BadFileError } from "../../src/errors.ts";
import { mean } from "../../src/stats.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { correctedVersions } from "../corrections/corrected-versions.ts";
import { learnedFromFeedback } from "../corrections/feedback-set.ts";
import { meanByRows } from "../evaluate/mean-by-rows.ts";
import { promote } from "../export/export-student.ts";
import { hasCandidate } from "../export/has-candidate.ts";
import { budgetOf } from "../student-name.ts";
import { budgetTokens } from "../timed-lengths.ts";
import type { Candidate } from "./export-candidate.ts";

interface Promotion extends Pick<SearchConfig, "models" | "promote">, Partial<Pick<SearchConfig, "production">> {
  /** Scores of the student that may be replaced (`rivalScores`). @default those of its manifest */
  readonly rival?: readonly Score[] | undefined;
}

/** How far above its budget a student may be timed, as a share: no machine is quiet all the time. */
const tolerance = 0.1;

/**
 * Puts a candidate into `models/` when there is no student for its budget yet, or when it scores better on the validation rows that
 * both were judged on. Otherwise it stays in the run's folder, and the log says why.
 */
export function promoteIfBetter(config: Promotion, candidate: Candidate, log: Log): void {
  const { manifest, files } = candidate;
  if (isThere(config, manifest)) {
    log(`${manifest.name} · is in ${join(config.models, manifest.name)} already (version ${manifest.version})`);
    return;
  }
  const refusal = config.promote === "never" ? "--promote never" : reasonToKeep(config, candidate);
  if (refusal !== null) {
    log(`${manifest.name} · left in ${files.folder}: ${refusal}`);
    return;
  }
  promote(files, config.models, manifest.name);
  log(`${manifest.name} · now in ${join(config.models, manifest.name)} (version ${manifest.version})`);
}

function isThere({ models }: Pick<SearchConfig, "models">, { name, version }: Manifest): boolean {
  const path = manifestPath(models, name);
  return existsSync(path) && readable(path)?.version === version;
}

function manifestPath(models: string, name: string): string {
  return join(studentFolder(models, name), "manifest.json");
}

function reasonToKeep(config: Promotion, candidate: Candidate): string | null {
  const { models, production = null, rival } = config;
  const { name } = candidate.manifest;
  const path = manifestPath(models, name);
  if (!existsSync(path)) return null;
  const current = readable(path);
  if (current === null) return `the student in ${join(models, name)} has a manifest that cannot be read`;
  // Budgets of production are of its texts, which are of other lengths.
  const slowness = production === null ? slownessOf(candidate, current) : null;
  return rolloutOf(models, name) ?? slowness ?? lossOf(candidate, current, rival);
}

/** A candidate that stands beside the live student. */
function rolloutOf(models: string, name: string): string | null {
  try {
    if (!hasCandidate(models, name)) return null;
    return `a candidate is beside ${name}; end its rollout first (npm run rollout), then repeat the command`;
  } catch (error) {
    if (error instanceof BadFileError) return error.message;
    throw error;
  }
}

/**
 * A student that takes longer than its name says must not stand where one stands that does not. One of the same
 * architecture takes as long as that one, whatever was timed beside other work.
 */
function slownessOf({ manifest }: Candidate, current: Manifest): string | null {
  const budgetMs = budgetOf(manifest.name);
  if (budgetMs === null || isDeepStrictEqual(manifest.architecture, current.architecture)) return null;
  const msOf = ({ latency }: Manifest) => predictLatencyMs(latency, budgetTokens, "p50Ms");
  const isWithin = (one: Manifest) => msOf(one) <= (1 + tolerance) * budgetMs;
  if (isWithin(manifest) || !isWithin(current)) return null;
  const [ms, before] = [manifest, current].map((one) => msOf(one).toFixed(2));
  return `it takes ${ms} ms for ${budgetTokens} tokens, which its name denies; version ${current.version} takes ${before} ms`;
}

/** Of tasks, of corrections or of score. */
function lossOf(
  { manifest, files, base }: Candidate,
  current: Manifest,
  rival: readonly Score[] = current.scores,
): string | null {
  const lost = current.tasks.filter(({ name }) => !manifest.tasks.some((task) => task.name === name));
  if (lost.length > 0)
    return `version ${current.version} also answers ${lost.map(({ name }) => name).join(", ")} (${adviceFor(lost)})`;
  // It has passed its gates against the student that it was made from.
  if (base !== undefined && isOfBase(current, base, files.folder)) return null;
  if (base === undefined && learnedFromFeedback(current) && !learnedFromFeedback(manifest))
    return `version ${current.version} has learned from corrections, and this one has not (--feedback FOLDER)`;
  const { tasks, scores } = base ?? manifest;
  const [now, then] = sharedMeans(encoderScores(tasks, scores), encoderScores(current.tasks, rival));
  const renamed = current.tasks.filter((task) => labelsIn(tasks, task.name) !== String(task.labels));
  if (Number.isNaN(now) && renamed.length > 0)
    return `its labels of ${renamed.map(({ name }) => name).join(", ")} are other ones than those of version ${current.version}, so they cannot be compared (--name gives students another name)`;
  if (Number.isNaN(now))
    return `it shares no validation set with version ${current.version}, so they cannot be compared`;
  if (now > then) return null;
  return `mean score ${now.toFixed(4)} is not above the ${then.toFixed(4)} of version ${current.version}`;
}

function labelsIn(tasks: readonly ManifestTask[], name: string): string {
  return String(tasks.find((task) => task.name === name)?.labels);
}

/** What may be done about tasks that a candidate lacks. */
function adviceFor(lost: readonly ManifestTask[]): string {
  const wereAdded = lost.every(isAdded);
  return wereAdded
    ? "they were added to it: name them, --tasks, and give their data, --data"
    : "--name gives students another name";
}

/** How well tasks do that were added to a finished encoder says little of the encoder: they are learned anew on another within seconds. */
function encoderScores(tasks: readonly ManifestTask[], scores: readonly Score[]): readonly Score[] {
  const added = new Set(tasks.filter(isAdded).map(({ name }) => name));
  return scores.filter(({ task }) => !added.has(task));
}

/**
 * Whether a live student is the one that a candidate was corrected from, or was corrected from that one too. The
 * candidate's run knows; manifests do not: those of any two searches with the usual settings name the same search and
 * seed, and may name the same architecture.
 * @param folder of the candidate: `corrected-<hash>/student` in the home of its base
 */
function isOfBase({ version }: Manifest, base: Manifest, folder: string): boolean {
  return version === base.version || correctedVersions(dirname(dirname(folder))).includes(version);
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

/** Mean scores of both over what both have: each task's mean (`meanByRows`) counts once. */
export function sharedMeans(a: readonly Score[], b: readonly Score[]): [number, number] {
  const other = new Map(b.map((score) => [scoreKey(score), score.student]));
  const shared = a.filter((score) => other.has(scoreKey(score)));
  const tasks = [...new Set(shared.map((score) => score.task))];
  const meanOf = (scores: readonly Score[], task: string) => meanByRows(scores.filter((score) => score.task === task));
  const over = (scores: readonly Score[]) => mean(tasks.map((task) => meanOf(scores, task)));
  return [over(shared), over(shared.map((score) => ({ ...score, student: other.get(scoreKey(score)) as number })))];
}
