import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../../src/contract/manifest.ts";
import { studentFolder } from "../../src/contract/models-folder.ts";
import { type ActiveRollout, type RolloutRule, readRollouts } from "../../src/contract/rollout.ts";
import { checkTasks, placeCandidate, promoteCandidate, rollBack, setStage } from "../export/candidate-folder.ts";
import type { Decision } from "./decision.ts";
import type { TrainedStudent } from "./observation.ts";

/** Decisions about students become steps of the rollout file. Each may be done again: who was killed amid it does so. */

export interface RolloutSettings {
  readonly models: string;
  readonly controlFolder: string;
  readonly shadowShare: number;
  readonly canaryShare: number;
  readonly rule: RolloutRule;
}

export type RolloutDecision = Exclude<Decision, { kind: "nothing" | "re-rank" | "recalibrate" | "search" }>;

/** @returns what was done, or why nothing was. */
export function actOnRollout(decision: RolloutDecision, reason: string, at: Date, settings: RolloutSettings): string {
  const { models } = settings;
  const { student } = decision;
  const why = reason.slice(0, 1000);
  const now = readRollouts(models).rollouts.find((rollout) => rollout.student === student)?.now ?? null;
  if ("candidate" in decision) return begin(decision, why, at, now, settings);
  if (now === null || now.candidate.version !== decision.version)
    return `no rollout of ${decision.version} is under way: nothing to do`;
  if (decision.kind === "roll-back") rollBack(models, student, why, at);
  else if (decision.kind === "promote") promoteCandidate(models, student, why, at);
  else if (now.stage === "shadow")
    setStage(models, student, { ...now, stage: "canary", share: settings.canaryShare, since: at.toISOString() }, why);
  return "done";
}

function begin(
  { kind, student, candidate: trained, expectedRatio }: Extract<RolloutDecision, { candidate: TrainedStudent }>,
  why: string,
  at: Date,
  now: ActiveRollout | null,
  settings: RolloutSettings,
): string {
  if (now !== null)
    return now.candidate.version === trained.version ? "done" : `${now.candidate.version} is beside ${student} already`;
  if (readManifest(join(studentFolder(settings.models, student), "manifest.json")).version === trained.version)
    return `${trained.version} is live already`;
  const source = named(trained, student, settings.controlFolder);
  checkTasks(settings.models, readManifest(join(source, "manifest.json")));
  const { candidate } = placeCandidate(settings.models, source);
  const stage = kind === "switch-student" ? ("canary" as const) : ("shadow" as const);
  const share = stage === "canary" ? settings.canaryShare : settings.shadowShare;
  const since = at.toISOString();
  const rule = ruleFor(settings.rule, expectedRatio);
  setStage(settings.models, student, { candidate, stage, share, stickyBy: "request", since, rule }, why);
  return "done";
}

/** One that is known to take longer is judged by what is expected of it. */
export function ruleFor(rule: RolloutRule, expectedRatio: number): RolloutRule {
  return { ...rule, maxP95Ratio: Math.min(1000, rule.maxP95Ratio * Math.max(1, expectedRatio)) };
}

/** A search that looked at another budget called its student after that: here it gets the name that it is to stand in for. */
function named({ folder, version }: TrainedStudent, student: string, controlFolder: string): string {
  const manifest = readManifest(join(folder, "manifest.json"));
  if (manifest.name === student) return folder;
  const target = join(controlFolder, "renamed", `${student}-${version}`);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(folder)) linkOrCopy(join(folder, name), join(target, name));
  rmSync(join(target, "manifest.json"));
  const text = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as object;
  writeFileSync(join(target, "manifest.json"), `${JSON.stringify({ ...text, name: student }, null, 1)}\n`);
  return target;
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
