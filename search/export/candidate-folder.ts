import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, type ManifestTask, readManifest } from "../../src/contract/manifest.ts";
import { studentFolder } from "../../src/contract/models-folder.ts";
import {
  type ActiveRollout,
  type Candidate,
  candidatesFolderName,
  type RolloutStep,
  readRollouts,
  withStep,
  writeRollouts,
} from "../../src/contract/rollout.ts";
import { BadFileError, ConfigError } from "../../src/errors.ts";
import { asideOf, keepReplaced, replaceStudent } from "./replace-student.ts";

/**
 * A candidate's folder beside the live student, and its way into the live student's place. The file says what is to be before
 * folders are touched, every step may be done again, and so whoever is killed amid one finishes it with `finishPromotions`.
 */

/**
 * Looks at a student that is to be a candidate, and changes nothing.
 * @param source a folder with a manifest.
 * @throws {BadFileError} for no usable manifest. @throws {ConfigError} when no live student has its name, or it is the live version.
 */
export function readCandidate(models: string, source: string): Manifest {
  const manifest = readManifest(join(source, "manifest.json"));
  const { name, version } = manifest;
  const live = liveVersion(models, name);
  if (live === undefined)
    throw new ConfigError(`${models} holds no student ${name} that this could be a candidate for`);
  if (live === version) throw new ConfigError(`${name} ${version} is the live version already`);
  return manifest;
}

/** That nothing which the live student of its name answers would be lost. @throws {ConfigError} naming the tasks. */
export function checkTasks(models: string, { name, version, tasks }: Manifest): void {
  const isKept = (task: ManifestTask) => tasks.some((own) => own.name === task.name && own.input === task.input);
  const lost = liveManifest(models, name)?.tasks.filter((task) => !isKept(task)) ?? [];
  if (lost.length > 0)
    throw new ConfigError(
      `${name} ${version} does not answer ${lost.map((task) => task.name).join(", ")}, which the live student does`,
    );
}

/**
 * Copies a student to where servers find candidates. Older candidates of this student are removed, unless the file names them.
 * Whether it answers all tasks is for `checkTasks`, before.
 * @param source a folder with a manifest.
 * @throws {BadFileError | ConfigError} as `readCandidate` does.
 */
export function placeCandidate(models: string, source: string): { candidate: Candidate; manifest: Manifest } {
  const manifest = readCandidate(models, source);
  const { name, version } = manifest;
  const candidate: Candidate = { folder: folderOf(name, version), version };
  const target = join(models, candidate.folder);
  removeUnused(models, name, candidate.folder);
  if (existsSync(join(target, "manifest.json"))) return { candidate, manifest };
  mkdirSync(join(models, candidatesFolderName), { recursive: true });
  rmSync(`${target}.partial`, { recursive: true, force: true });
  cpSync(source, `${target}.partial`, { recursive: true });
  renameSync(`${target}.partial`, target);
  return { candidate, manifest };
}

/** Begins a stage, or changes its share: servers follow within seconds. @throws {BadFileError} when the file is no usable one. */
export function setStage(models: string, student: string, now: ActiveRollout, reason: string): void {
  const { candidate, share, stage: to, since: at } = now;
  const step: RolloutStep = { at, to, version: candidate.version, share, reason };
  writeRollouts(models, withStep(readRollouts(models), student, now, step));
}

/** Takes the candidate away; its folder stays until the next one comes. @throws {ConfigError} when there is none. */
export function rollBack(models: string, student: string, reason: string, at: Date): void {
  const { candidate, stage } = activeOf(models, student);
  if (stage === "promoting") throw new ConfigError(`${student} is being promoted: finish that first`);
  end(models, student, { at: at.toISOString(), to: "rolled-back", version: candidate.version, reason });
}

/**
 * The candidate takes the live student's place; the old one lies among the candidates until the next one comes.
 * @throws {ConfigError} when there is none, or it lacks a task of the live one.
 */
export function promoteCandidate(models: string, student: string, reason: string, at: Date): void {
  const now = activeOf(models, student);
  if (liveVersion(models, student) !== now.candidate.version)
    checkTasks(models, readManifest(join(models, now.candidate.folder, "manifest.json")));
  setStage(models, student, { ...now, stage: "promoting", since: at.toISOString() }, reason);
  finishPromotion(models, student, now.candidate, at);
}

/** Finishes what somebody was killed amid. @returns the students that were promoted. */
export function finishPromotions(models: string, at: Date): string[] {
  const begun = readRollouts(models).rollouts.filter(({ now }) => now?.stage === "promoting");
  for (const { student, now } of begun) if (now !== null) finishPromotion(models, student, now.candidate, at);
  return begun.map(({ student }) => student);
}

function finishPromotion(models: string, student: string, { folder, version }: Candidate, at: Date): void {
  const old = liveVersion(models, student);
  if (old !== version) {
    const { version: found } = readManifest(join(models, folder, "manifest.json"));
    if (found !== version)
      throw new BadFileError(`${join(models, folder)} holds version ${found}, and ${version} is to be promoted`);
    replaceStudent(models, student, join(models, folder), join(models, folderOf(student, old ?? "unreadable")));
  } else keepAside(models, student);
  end(models, student, { at: at.toISOString(), to: "promoted", version, reason: whereFrom(old, version) });
}

/** Killed after the candidate was in place: the old one still lies where it was put aside. */
function keepAside(models: string, student: string): void {
  const path = join(asideOf(models, student), "manifest.json");
  const version = existsSync(path) ? readManifest(path).version : "unreadable";
  keepReplaced(models, student, join(models, folderOf(student, version)));
}

function whereFrom(old: string | undefined, version: string): string {
  return old === undefined || old === version ? "its folder is in place" : `in the place of version ${old}`;
}

function end(models: string, student: string, step: RolloutStep): void {
  writeRollouts(models, withStep(readRollouts(models), student, null, step));
}

function activeOf(models: string, student: string): ActiveRollout {
  const now = readRollouts(models).rollouts.find((rollout) => rollout.student === student)?.now;
  if (!now) throw new ConfigError(`no candidate is beside ${student}`);
  return now;
}

/** Undefined where there is no student. @throws {BadFileError} for one that cannot be read. */
function liveManifest(models: string, name: string): Manifest | undefined {
  const path = join(studentFolder(models, name), "manifest.json");
  return existsSync(path) ? readManifest(path) : undefined;
}

function liveVersion(models: string, name: string): string | undefined {
  return liveManifest(models, name)?.version;
}

function folderOf(name: string, version: string): string {
  return `${candidatesFolderName}/${name}-${version}`;
}

function removeUnused(models: string, name: string, kept: string): void {
  const folder = join(models, candidatesFolderName);
  if (!existsSync(folder)) return;
  const named = readRollouts(models).rollouts.flatMap(({ now }) => (now === null ? [] : [now.candidate.folder]));
  for (const entry of readdirSync(folder)) {
    const path = `${candidatesFolderName}/${entry}`;
    const isOfStudent = entry.replace(/-[0-9a-f]{12}(\.partial)?$/, "") === name;
    if (isOfStudent && path !== kept && !named.includes(path)) rmSync(join(models, path), { recursive: true });
  }
}
