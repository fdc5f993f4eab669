import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { latencyAmong, scoresAmong } from "../../src/contract/ensemble.ts";
import { type Manifest, readManifest, type Score } from "../../src/contract/manifest.ts";
import { studentFolders } from "../../src/contract/models-folder.ts";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import { candidatesFolderName } from "../../src/contract/rollout.ts";
import { BadFileError } from "../../src/errors.ts";
import { sharedMeans } from "../complete/promote.ts";
import { correctedPrefix, readDecision } from "../corrections/decision.ts";
import { learnedFromFeedback } from "../corrections/feedback-set.ts";
import { readJournal } from "../explore/journal.ts";
import { type OkTrial, okTrials } from "../space/trial.ts";
import { budgetOf } from "../student-name.ts";
import { budgetTokens } from "../timed-lengths.ts";
import type { KnownStudent, Slot } from "./rank.ts";

export interface StudentFolders {
  readonly models: string;
  readonly runs: string;
}

/** Students of `models/` whose names end in a budget, as in `budget-1ms`, with those that may take their place. */
export function readSlots(folders: StudentFolders, wereLive: readonly string[]): Slot[] {
  const live = readStudents(studentFolders(folders.models));
  const others = [
    ...readStudents(subfolders(join(folders.models, candidatesFolderName))),
    ...readStudents(subfolders(folders.runs).flatMap(subfolders).flatMap(finishedIn)),
  ];
  return live.flatMap(({ folder, manifest }): Slot[] => {
    const budgetMs = budgetOf(manifest.name);
    if (budgetMs === null) return [];
    const same = others.filter((other) => familyOf(other.manifest.name) === familyOf(manifest.name));
    const scores = scoresAmong(manifest, live);
    const known = same.flatMap((other) => toKnown(other, manifest, scores, wereLive));
    return [
      {
        student: manifest.name,
        budgetMs,
        live: {
          folder,
          manifest,
          score: meanOf(scores, manifest),
          latency: latencyAmong(manifest, live),
          wasLive: true,
        },
        others: withoutDoubles(
          known,
          live.map((each) => each.manifest.version),
        ),
        fallbackScore: fallbackScore(manifest, live),
      },
    ];
  });
}

/** Where what a run made of an architecture lies: what passed the gates of corrections stands in for what it was made from. */
function finishedIn(folder: string): string[] {
  const corrected = subfolders(folder).filter(hasLearned);
  return (corrected.length > 0 ? corrected : [folder]).map((each) => join(each, "student"));
}

/** What was refused by a gate lies beside what passed: its decision tells them apart. */
function hasLearned(folder: string): boolean {
  if (!basename(folder).startsWith(correctedPrefix)) return false;
  const decision = orUndefined(() => readDecision(join(folder, "decision.json")));
  return decision?.attempts.at(-1)?.refusal === null;
}

/** Of the students that are served. */
export function liveManifests(models: string): Manifest[] {
  return readStudents(studentFolders(models)).map(({ manifest }) => manifest);
}

/** Of the fastest other student of the same tasks, which servers step down to. */
function fallbackScore(own: Manifest, live: readonly Found[]): number {
  const msOf = ({ latency }: Manifest) => predictLatencyMs(latency, budgetTokens, "p50Ms");
  const faster = live
    .filter(({ manifest }) => manifest.name !== own.name && msOf(manifest) < msOf(own) && covers(manifest, own))
    .sort((a, b) => msOf(a.manifest) - msOf(b.manifest));
  const score = faster[0] === undefined ? Number.NaN : meanOf(scoresAmong(faster[0].manifest, live), own);
  return Number.isNaN(score) ? 0 : score;
}

function covers(manifest: Manifest, { tasks }: Manifest): boolean {
  return tasks.every(({ name }) => manifest.tasks.some((task) => task.name === name));
}

interface Found {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** `budget` of `budget-1ms`: searches look at other budgets for the same students when production is slower than they are. */
function familyOf(name: string): string {
  return name.replace(/-\d+(\.\d+)?ms$/, "");
}

/**
 * None for one that cannot be compared, lacks a task, or knows nothing of corrections that the live one has learned from.
 * @param liveScores of the live one, as it is served
 */
function toKnown(
  { folder, manifest }: Found,
  live: Manifest,
  liveScores: readonly Score[],
  wereLive: readonly string[],
): KnownStudent[] {
  if (learnedFromFeedback(live) && !learnedFromFeedback(manifest)) return [];
  // Its ensemble was fitted for others, if at all: in a live student's place it answers alone.
  const [own, liveOwn] = sharedMeans(manifest.scores, liveScores);
  if (Number.isNaN(own) || !covers(manifest, live)) return [];
  // Rows that only the live one has been judged on may be harder than the others, or easier.
  const score = meanOf(liveScores, live) + (own - liveOwn);
  return [{ folder, manifest, score, latency: manifest.latency, wasLive: wereLive.includes(manifest.version) }];
}

function meanOf(scores: readonly Score[], live: Manifest): number {
  return sharedMeans(scores, live.scores)[0];
}

/** A version lies in a run and among the candidates: the first is enough. Those that are live, of any name, are no candidates. */
function withoutDoubles(known: readonly KnownStudent[], live: readonly string[]): KnownStudent[] {
  const versions = new Set(live);
  return known.filter(({ manifest: { version } }) => {
    const isNew = !versions.has(version);
    versions.add(version);
    return isNew;
  });
}

/** Folders with a manifest that can be read. One that a search is writing, or that is damaged, is none yet. */
function readStudents(folders: readonly string[]): Found[] {
  return folders.flatMap((folder) => {
    const path = join(folder, "manifest.json");
    const manifest = existsSync(path) ? orUndefined(() => readManifest(path)) : undefined;
    return manifest === undefined ? [] : [{ folder, manifest }];
  });
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadFileError) return undefined;
    throw error;
  }
}

/** Those that begin with a dot, or are being copied, are left out. */
function subfolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !entry.name.endsWith(".partial"))
    .map(({ name }) => join(folder, name))
    .sort();
}

/** Trials of all searches, and the run whose trials are the newest; journals that cannot be read are left out. */
export function readTrials(runs: string): { readonly trials: OkTrial[]; readonly newest: string | null } {
  const found = subfolders(runs).flatMap((run) => {
    const path = join(run, "journal.jsonl");
    if (!existsSync(path)) return [];
    const journal = orUndefined(() => readJournal(path));
    return journal === undefined ? [] : [{ run, created: journal.header.created, trials: okTrials(journal.trials) }];
  });
  const used = found.filter(({ trials }) => trials.length > 0).sort((a, b) => (a.created < b.created ? -1 : 1));
  return { trials: used.flatMap(({ trials }) => trials), newest: used.at(-1)?.run ?? null };
}
