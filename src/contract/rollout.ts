import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { errorCode } from "../error-code.ts";
import { BadFileError } from "../errors.ts";
import { checkedJson } from "../json-file.ts";
import { replaceFileDurably } from "../replace-file.ts";
import { TaskName } from "./manifest.ts";

/**
 * `<models>/rollout.json`: which candidate stands beside which live student, and how far it has come. Whoever decides
 * (control, a person) writes it, always by a rename; servers follow it and never write. A student that it does not name is
 * served as ever.
 *
 *     shadow ──> canary ──> promoting ──> (the candidate is the live student)
 *        └──────────┴─────> (rolled back: the live student stays)
 *
 * `promoting` is written before folders are renamed, so that whoever was killed amid it knows what to finish.
 */
export const rolloutFileName = "rollout.json";

/** Below the models folder; servers serve nothing from folders that begin with a dot. */
export const candidatesFolderName = ".candidates";

const Share = z.number().min(0).max(1);
const TrafficShare = z.number().gt(0).max(1);
const Moment = z.iso.datetime();
const Reason = z.string().min(1).max(1000);
const StudentName = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, "a student's name");
const Version = z.string().regex(/^[0-9a-f]{12}$/, "a version: 12 hex digits");

/** Below the models folder: a rollout makes a server read nothing that lies elsewhere. */
const CandidateFolder = z
  .string()
  .max(300)
  .regex(/^\.candidates\/[a-z0-9][a-z0-9._-]*$/, `a folder in ${candidatesFolderName}/`);

export const rolloutStages = ["shadow", "canary", "promoting"] as const;
export const RolloutStage = z.enum(rolloutStages);
export type RolloutStage = z.infer<typeof RolloutStage>;

/** What a candidate has to show in a stage before it may go on; written down beside it so that nobody moves the posts. */
export const RolloutRule = z.strictObject({
  /** Texts that the candidate was asked in this stage. */
  minTexts: z.int().min(1).max(1_000_000_000),
  /** How long the stage lasts at least. */
  minMinutes: z.number().min(0).max(525_600),
  /** Rolled back when the rest is not shown by then. */
  maxMinutes: z.number().gt(0).max(525_600),
  /** Share of texts that got the live student's label, in the shadow; of tasks that `minAgreementOf` does not name. */
  minAgreement: Share,
  minAgreementOf: z.record(TaskName, Share),
  /** 95th percentile of the time worked for a text, divided by the live student's. */
  maxP95Ratio: z.number().gt(0).max(1000),
  /** Share of the candidate's texts that failed. */
  maxErrorRate: Share,
});
export type RolloutRule = Readonly<z.infer<typeof RolloutRule>>;

/** Labels of equally good students differ on a few texts in a hundred; a candidate that is much slower was measured wrongly. */
export const standardRolloutRule: RolloutRule = {
  minTexts: 1000,
  minMinutes: 15,
  maxMinutes: 24 * 60,
  minAgreement: 0.85,
  minAgreementOf: {},
  maxP95Ratio: 1.5,
  maxErrorRate: 0.001,
};

export const Candidate = z.strictObject({ folder: CandidateFolder, version: Version });
export type Candidate = Readonly<z.infer<typeof Candidate>>;

export const ActiveRollout = z
  .strictObject({
    candidate: Candidate,
    stage: RolloutStage,
    /** Of the live student's requests: in the shadow those that both answer, as a canary those that the candidate answers. */
    share: TrafficShare,
    /** Whether a canary's share is drawn by request, or by API key (else address), so that each caller stays with one. */
    stickyBy: z.enum(["request", "key"]),
    /** When this stage began. */
    since: Moment,
    rule: RolloutRule,
  })
  .refine(({ rule }) => rule.minMinutes <= rule.maxMinutes, {
    path: ["rule", "minMinutes"],
    message: "must not be above maxMinutes",
  });
export type ActiveRollout = Readonly<z.infer<typeof ActiveRollout>>;

export const RolloutStep = z.strictObject({
  at: Moment,
  to: z.enum([...rolloutStages, "promoted", "rolled-back"]),
  version: Version,
  share: TrafficShare.optional(),
  reason: Reason,
});
export type RolloutStep = Readonly<z.infer<typeof RolloutStep>>;

/** Steps that are kept of a student, the newest last. */
export const maxRolloutSteps = 200;

export const StudentRollout = z.strictObject({
  /** Name of the live student, which is that of its folder too. */
  student: StudentName,
  /** Null when no candidate is beside it. */
  now: ActiveRollout.nullable(),
  history: z.array(RolloutStep).max(maxRolloutSteps),
});
export type StudentRollout = Readonly<z.infer<typeof StudentRollout>>;

export const RolloutFile = z
  .strictObject({ format: z.literal(1), rollouts: z.array(StudentRollout).max(100) })
  .refine(({ rollouts }) => allDiffer(rollouts.map(({ student }) => student)), {
    path: ["rollouts"],
    message: "a student is listed twice",
  })
  .refine(({ rollouts }) => allDiffer(rollouts.flatMap(({ now }) => (now === null ? [] : [now.candidate.folder]))), {
    path: ["rollouts"],
    message: "two students have the same candidate folder",
  });
export type RolloutFile = Readonly<z.infer<typeof RolloutFile>>;

export const noRollouts: RolloutFile = { format: 1, rollouts: [] };

/** @returns no rollouts where there is no such file. @throws {BadFileError} with the path and what is wrong. */
export function readRollouts(models: string): RolloutFile {
  const path = join(models, rolloutFileName);
  const text = readIfThere(path);
  return text === undefined ? noRollouts : toRollouts(path, text);
}

/** Checks the file's text; the path is for the message. @throws {BadFileError} */
export function toRollouts(path: string, text: string): RolloutFile {
  return checkedJson(path, text, RolloutFile, "not usable");
}

/** On disk before it returns; a reader sees the old file or the new one. @throws {BadFileError} for what no reader would take. */
export function writeRollouts(models: string, content: RolloutFile): void {
  const path = join(models, rolloutFileName);
  const text = `${JSON.stringify(content, null, 1)}\n`;
  toRollouts(path, text);
  replaceFileDurably(path, text);
}

/** The file with one student's rollout at another point, and the step that led there at the end of its history. */
export function withStep(
  content: RolloutFile,
  student: string,
  now: ActiveRollout | null,
  step: RolloutStep,
): RolloutFile {
  const history = content.rollouts.find((rollout) => rollout.student === student)?.history ?? [];
  const others = content.rollouts.filter((rollout) => rollout.student !== student);
  const next: StudentRollout = { student, now, history: [...history, step].slice(-maxRolloutSteps) };
  return { format: 1, rollouts: [...others, next].sort((a, b) => (a.student < b.student ? -1 : 1)) };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw new BadFileError(`${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function allDiffer(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
