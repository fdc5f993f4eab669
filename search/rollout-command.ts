import type { Manifest } from "../src/contract/manifest.ts";
import { type ActiveRollout, readRollouts, type StudentRollout, standardRolloutRule } from "../src/contract/rollout.ts";
import { ConfigError } from "../src/errors.ts";
import type { CommandSpec, Flags, Log } from "./command/command.ts";
import {
  checkTasks,
  finishPromotions,
  placeCandidate,
  promoteCandidate,
  readCandidate,
  rollBack,
  setStage,
} from "./export/candidate-folder.ts";

/** Of the live student's requests, where nothing else is said. */
const standardShare = 0.1;

/** Rollouts by hand, for who runs no control: servers follow what this writes within seconds. */
export const rolloutCommand: CommandSpec = {
  name: "npm run rollout",
  about:
    "Puts a student beside the live one of its name, moves it from shadow to canary, promotes it or takes it away.",
  flags: {
    models: {
      type: "string",
      value: "folder",
      doc: "folder of the live students",
      default: "models",
      env: "KDNAS_MODELS",
    },
    candidate: { type: "string", value: "folder", doc: "student to put beside the live one of its name" },
    student: {
      type: "string",
      value: "name",
      doc: "live student whose candidate is meant; the candidate's name if left out",
    },
    to: {
      type: "string",
      doc: "what to do; without it, what is under way is shown",
      choices: ["shadow", "canary", "promoted", "rolled-back"],
    },
    share: {
      type: "number",
      doc:
        "of the live student's requests, above 0 and up to 1 (default: as it is; at first, and for a canary after a shadow\n" +
        "      of more, 0.1)",
    },
    "sticky-by": {
      type: "string",
      doc: "whether a canary's share is drawn by request or by API key (default: request, then as it is)",
      choices: ["request", "key"],
    },
    reason: { type: "string", value: "text", doc: "kept in the history", default: "by hand" },
  },
};

/** @throws {ConfigError} on what cannot be done; nothing is changed then. */
export function rollout(flags: Flags, log: Log): void {
  for (const name of finishPromotions(flags.models, new Date()))
    log(`${name} · a promotion that was cut short is finished`);
  if (flags.to !== undefined) step(flags);
  else if (flags.candidate !== undefined) throw new ConfigError("--candidate needs --to shadow or --to canary");
  for (const each of readRollouts(flags.models).rollouts) show(each, log);
}

function step(flags: Flags): void {
  const { models, to, reason, share } = flags;
  if (share !== undefined && !(share > 0 && share <= 1))
    throw new ConfigError(`--share is above 0 and up to 1, not ${share}`);
  const isStage = to === "shadow" || to === "canary";
  if (!isStage && flags.candidate !== undefined) throw new ConfigError(`--to ${to} takes --student, not --candidate`);
  const given = readGiven(flags);
  const student: string | undefined = flags.student ?? given?.name;
  if (student === undefined) throw new ConfigError("--student or --candidate is missing; npm run rollout -- --help");
  if (given !== undefined && given.name !== student)
    throw new ConfigError(`the candidate is called ${given.name}, and would take the place of ${student}`);
  if (to === "promoted") promoteCandidate(models, student, reason, new Date());
  else if (to === "rolled-back") rollBack(models, student, reason, new Date());
  else setStage(models, student, toActive(flags, student), reason);
}

/** Looked at whole before it is placed, which removes older candidates. */
function readGiven({ models, candidate }: Flags): Manifest | undefined {
  if (candidate === undefined) return undefined;
  const manifest = readCandidate(models, candidate);
  checkTasks(models, manifest);
  return manifest;
}

function toActive(flags: Flags, student: string): ActiveRollout {
  const now = readRollouts(flags.models).rollouts.find((rollout) => rollout.student === student)?.now ?? null;
  const placed = flags.candidate === undefined ? undefined : placeCandidate(flags.models, flags.candidate).candidate;
  const candidate = placed ?? now?.candidate;
  if (candidate === undefined) throw new ConfigError(`no candidate is beside ${student}; name one with --candidate`);
  const before = now?.candidate.version === candidate.version ? now : null;
  return {
    candidate,
    stage: flags.to,
    share: flags.share ?? shareAfter(before, flags.to),
    stickyBy: flags["sticky-by"] ?? before?.stickyBy ?? "request",
    since: new Date().toISOString(),
    rule: now?.rule ?? standardRolloutRule,
  };
}

/** As it is. But a shadow's answers go to nobody: of a canary, more than the standard share is for somebody to ask for. */
function shareAfter(before: ActiveRollout | null, to: ActiveRollout["stage"]): number {
  if (before === null) return standardShare;
  return before.stage === "shadow" && to === "canary" ? Math.min(before.share, standardShare) : before.share;
}

function show({ student, now, history }: StudentRollout, log: Log): void {
  const state =
    now === null ? "no candidate" : `${now.candidate.version} in ${now.stage} since ${now.since}, share ${now.share}`;
  log(`${student} · ${state}`);
  for (const { at, to, version, reason } of history.slice(-5)) log(`  ${at} ${version} ${to}: ${reason}`);
}
