import { dirname, join } from "node:path";
import { type FeedbackRecord, readFeedback } from "../src/contract/feedback.ts";
import { readManifest } from "../src/contract/manifest.ts";
import type { Log } from "./command.ts";
import {
  type Candidate,
  type ExportConfig,
  type ExportMaterials,
  exportCandidate,
  judgedTokens,
  validate,
} from "./complete.ts";
import type { SearchConfig } from "./config.ts";
import { type Corrections, toCorrections } from "./corrections/corrections.ts";
import { correctionsHash, type Decision, readDecision, writeDecision } from "./corrections/decision.ts";
import { feedbackSet } from "./corrections/feedback-set.ts";
import { fineTuneOnCorrections } from "./corrections/fine-tune.ts";
import { type Comparison, percent, reasonToStay, setChanges } from "./corrections/gate.ts";
import { shareRight } from "./corrections/measure.ts";
import { finishedWeights } from "./finished-student.ts";
import { openStudentClassifier } from "./heads/open-classifier.ts";
import { scoresOf } from "./heads/score.ts";
import { type Materials, studentPositions, trainingMaxTokens } from "./prepare.ts";
import { printProgress } from "./progress.ts";
import { stageResult } from "./stage-result.ts";
import type { EncodedTask } from "./student/encoded-task.ts";
import { interpolate } from "./student/interpolate.ts";
import type { Weights } from "./student/weights.ts";
import { taughtTasks } from "./taught-tasks.ts";
import type { Teacher } from "./teacher/teacher.ts";

/** With fewer held-out corrections than this, nobody could tell whether the others help. */
const leastHeldOut = 20;
/** How far to go towards the fine-tuned student: all the way, or less where that forgets too much. */
const shares = [1, 0.5, 0.25];

export interface LearningMaterials extends ExportMaterials {
  readonly teacher: Pick<Teacher, "layerNormEpsilon" | "padId">;
}

/** A finished student, and what it was trained on. */
interface Learner {
  readonly candidate: Candidate;
  readonly replay: () => Promise<readonly EncodedTask[]>;
}

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
 * Fine-tunes a finished student on corrections, with replay of what it was trained on. The result takes its place when no
 * validation set loses more than half a point and more of the held-out corrections are right; else the student stays as
 * it was, and the log says why. What was decided on the same corrections is not done again.
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
  const corrections = toCorrections(records, materials.tasks, materials.corpus.heldOut);
  logCorrections(name, records, corrections, log);
  if (corrections.heldOut.length < leastHeldOut) {
    log(
      `${name} · stays as it was: ${corrections.heldOut.length} held-out corrections are too few to tell whether the others ` +
        `help; ${leastHeldOut} are needed, one in five is held out`,
    );
    return candidate;
  }
  const folder = join(dirname(candidate.files.folder), `corrected-${correctionsHash(version, corrections)}`);
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
  const manifest = readManifest(join(folder, "manifest.json"));
  return { files: { folder, names: Object.keys(manifest.files) }, manifest, base: candidate.manifest };
}

interface Work {
  readonly corrections: Corrections;
  readonly folder: string;
}

async function decide(
  config: ExportConfig,
  materials: LearningMaterials,
  { candidate, replay }: Learner,
  { corrections, folder }: Work,
  log: Log,
): Promise<Decision> {
  const { manifest } = candidate;
  const { architecture: a, name } = manifest;
  const weights = finishedWeights(candidate);
  const tuned = await stageResult(join(folder, "heads"), async (checkpoint) =>
    fineTuneOnCorrections(a, weights, corrections.train, materials.tokenizer, {
      ...{ seed: config.seed, threads: config.threads, checkpoint, positions: studentPositions },
      ...{ layerNormEpsilon: materials.teacher.layerNormEpsilon, padId: materials.teacher.padId },
      ...{ maxTokens: trainingMaxTokens, smoothing: 0.05, tasks: materials.tasks, replay: await replay() },
      onProgress: printProgress(`corrections ${name}`, log),
    }),
  );
  const judged = { before: await judgeBefore(config, materials, candidate, corrections), weights, tuned };
  const attempts: Decision["attempts"] = [];
  for (const share of shares) {
    const attempt = await tryShare(config, materials, candidate, { corrections, folder, ...judged, share }, log);
    attempts.push(attempt);
    if (attempt.refusal === null) break;
    log(`${name} · ${percent(share)} of the way: ${attempt.refusal}`);
  }
  const { train, heldOut, leftOut } = corrections;
  return { base: manifest.version, trained: train.length, heldOut: heldOut.length, leftOut: { ...leftOut }, attempts };
}

async function judgeBefore(
  config: ExportConfig,
  materials: LearningMaterials,
  { manifest, files }: Candidate,
  corrections: Corrections,
): Promise<Comparison["before"]> {
  const right = await judgeRight(config, materials, { manifest, files }, corrections);
  // Judged anew where the data have changed since the student was made.
  const results = await validate(config, materials, files.folder, manifest.maxTokens);
  return { scores: scoresOf(results, manifest.tasks), right };
}

async function judgeRight(
  { threads }: ExportConfig,
  { tokenizer }: LearningMaterials,
  { manifest, files }: Candidate,
  { heldOut }: Corrections,
): Promise<number> {
  const classifier = await openStudentClassifier(files.folder, manifest.tasks, tokenizer.padId, threads);
  try {
    return await shareRight(classifier, manifest.tasks, heldOut, tokenizer, judgedTokens(manifest.maxTokens));
  } finally {
    await classifier.release();
  }
}

interface Attempt extends Work {
  readonly before: Comparison["before"];
  readonly weights: Weights;
  readonly tuned: Weights;
  readonly share: number;
}

async function tryShare(
  config: ExportConfig,
  materials: LearningMaterials,
  { manifest: { name, architecture } }: Candidate,
  { corrections, folder, before, weights, tuned, share }: Attempt,
  log: Log,
): Promise<Decision["attempts"][number]> {
  const { corpus } = materials;
  const taught = { ...materials, corpus: { ...corpus, dataSets: [...corpus.dataSets, feedbackSet] } };
  const mixed = share === 1 ? tuned : interpolate(weights, tuned, share);
  const trained = { name, architecture, weights: mixed, folder: join(folder, "student") };
  const after = await exportCandidate(config, taught, trained, log);
  const right = await judgeRight(config, materials, after, corrections);
  const comparison = { before, after: { scores: after.manifest.scores, right } };
  return {
    ...{ share, rightBefore: before.right, right },
    changes: setChanges(comparison),
    refusal: reasonToStay(comparison),
  };
}
