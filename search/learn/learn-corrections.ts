import { dirname, join } from "node:path";
import { type FeedbackRecord, readFeedback } from "../../src/contract/feedback.ts";
import { percent } from "../../src/percent.ts";
import type { Log } from "../command/command.ts";
import type { Candidate, ExportConfig } from "../complete/export-candidate.ts";
import { taughtTasks } from "../complete/taught-tasks.ts";
import type { SearchConfig } from "../config.ts";
import { corpusHash } from "../corpus/corpus-hash.ts";
import { type Corrections, toCorrections } from "../corrections/corrections.ts";
import {
  correctedPrefix,
  correctionsHash,
  type Decision,
  readDecision,
  writeDecision,
} from "../corrections/decision.ts";
import type { Materials } from "../prepare.ts";
import { readFinished } from "./finished-student.ts";
import {
  isOfEncoder,
  type Learner,
  type LearningMaterials,
  type Lesson,
  shares,
  tryCorrections,
} from "./try-corrections.ts";

/** With fewer held-out corrections than this, nobody could tell whether the others help. */
const leastHeldOut = 20;

/** Before hours of work: that there are corrections, and whole ones. @throws {BadFileError} */
export function checkFeedback(feedback: string | null): void {
  if (feedback !== null) readFeedback(feedback);
}

/** The student of a search after what users said of it, where the search was given that. */
export async function withCorrections(
  config: SearchConfig,
  materials: Materials,
  candidate: Candidate,
  log: Log,
): Promise<Candidate> {
  const { feedback } = config;
  if (feedback === null) return candidate;
  const replay = () => taughtTasks(config, materials, log);
  return await learnCorrections({ ...config, feedback }, materials, { candidate, replay }, log);
}

/**
 * Fine-tunes a finished student on corrections, with replay of what it was trained on. The result takes its place when it passes the
 * gates (`corrections/gate.ts`); else the student stays as it was, and the log says why. What was decided on the same
 * corrections and data is not done again.
 */
export async function learnCorrections(
  config: ExportConfig & { readonly feedback: string },
  materials: LearningMaterials,
  learner: Learner,
  log: Log,
): Promise<Candidate> {
  const { candidate } = learner;
  const { name, version } = candidate.manifest;
  const records = readFeedback(config.feedback);
  const corrections = toCorrections(records, [...materials.tasks, ...materials.beside], materials.corpus.heldOut);
  logCorrections(name, records, corrections, log);
  if (corrections.heldOut.length < leastHeldOut) {
    log(
      `${name} · stays as it was: ${corrections.heldOut.length} held-out corrections are too few to tell whether the others ` +
        `help; ${leastHeldOut} are needed, one in five is held out`,
    );
    return candidate;
  }
  const hash = correctionsHash(version, corpusHash(materials.corpus), corrections);
  const folder = join(dirname(candidate.files.folder), `${correctedPrefix}${hash}`);
  const path = join(folder, "decision.json");
  let decision = readDecision(path);
  if (decision === null) {
    decision = await decide(config, materials, learner, { corrections, folder }, log);
    writeDecision(path, decision);
  }
  return outcome(candidate, decision, join(folder, "student"), log);
}

function logCorrections(
  name: string,
  records: readonly FeedbackRecord[],
  { train, heldOut, leftOut }: Corrections,
  log: Log,
) {
  log(`${name} · ${records.length} corrections: ${train.length} to learn from, ${heldOut.length} held out`);
  for (const [reason, count] of Object.entries(leftOut)) log(`${name} · ${count} left out: ${reason}`);
}

function outcome(candidate: Candidate, { attempts }: Decision, folder: string, log: Log): Candidate {
  const { name } = candidate.manifest;
  const last = attempts.at(-1);
  if (last === undefined || last.refusal !== null) {
    log(`${name} · stays as it was: ${last?.refusal}`);
    return candidate;
  }
  log(
    `${name} · has learned: of the held-out corrections ${percent(last.right)} are right, before ${percent(last.rightBefore)}`,
  );
  return { ...readFinished(folder), base: candidate.manifest };
}

/** Tries shares of the way until one passes; where the encoder has nothing to learn there is no way to go. */
async function decide(
  config: ExportConfig,
  materials: LearningMaterials,
  learner: Learner,
  lesson: Lesson,
  log: Log,
): Promise<Decision> {
  const { name, version } = learner.candidate.manifest;
  const attempt = await tryCorrections(config, materials, learner, lesson, log);
  const attempts: Decision["attempts"] = [];
  for (const share of lesson.corrections.train.some(isOfEncoder(materials)) ? shares : [1]) {
    const { judged } = await attempt(share);
    attempts.push(judged);
    if (judged.refusal === null) break;
    log(`${name} · ${percent(share)} of the way: ${judged.refusal}`);
  }
  const { train, heldOut, leftOut } = lesson.corrections;
  return { base: version, trained: train.length, heldOut: heldOut.length, leftOut: { ...leftOut }, attempts };
}
