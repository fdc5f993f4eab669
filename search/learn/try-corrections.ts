import { join } from "node:path";
import type { Log } from "../command/command.ts";
import {
  type Candidate,
  type ExportConfig,
  type Exported,
  type ExportMaterials,
  exportCandidate,
  judgedTokens,
  type Trained,
  validate,
} from "../complete/export-candidate.ts";
import { stageResult } from "../complete/stage-result.ts";
import type { Correction, Corrections } from "../corrections/corrections.ts";
import type { Decision } from "../corrections/decision.ts";
import { feedbackSet } from "../corrections/feedback-set.ts";
import { besideCorrected, fineTuneOnCorrections } from "../corrections/fine-tune.ts";
import { gainOf } from "../corrections/gain.ts";
import { reasonToStay } from "../corrections/gate.ts";
import { type Rightness, rightAbout } from "../corrections/measure.ts";
import { setChanges } from "../corrections/set-changes.ts";
import { openStudentClassifier } from "../heads/open-classifier.ts";
import { hasScore, type JudgedSet, judgedSets } from "../heads/score.ts";
import { studentEncoding, studentPositions } from "../prepare.ts";
import { printProgress } from "../progress.ts";
import type { EncodedTask } from "../student/encoded-task.ts";
import { partOfTheWay } from "../student/round-table.ts";
import { withSurface } from "../student/weights.ts";
import type { Teacher } from "../teacher/teacher.ts";
import { allSets } from "./all-sets.ts";
import { finishedWeights } from "./finished-student.ts";

/** How far to go towards the fine-tuned student: all the way, or less where that forgets too much. */
export const shares = [1, 0.5, 0.25];

export interface LearningMaterials extends ExportMaterials {
  readonly teacher: Pick<Teacher, "layerNormEpsilon" | "padId">;
}

/** A finished student, and what it was trained on. */
export interface Learner {
  readonly candidate: Candidate;
  /** Nothing: it is fine-tuned on corrections alone, by which it forgets. */
  readonly replay: () => Promise<readonly EncodedTask[]>;
}

/** What a student is to learn, and the folder for what comes of it. */
export interface Lesson {
  readonly corrections: Corrections;
  readonly folder: string;
}

export interface Attempt {
  readonly exported: Exported;
  readonly judged: Decision["attempts"][number];
}

/**
 * Fine-tunes a finished student on corrections. What is returned makes a student of a share of the way there, with the thresholds of
 * the one that it was, and judges the two of them on the same rows.
 */
export async function tryCorrections(
  config: ExportConfig,
  materials: LearningMaterials,
  { candidate, replay }: Learner,
  lesson: Lesson,
  log: Log,
): Promise<(share: number) => Promise<Attempt>> {
  const { manifest, files } = candidate;
  const { train } = lesson.corrections;
  const isJoint = isOfEncoder(materials);
  const corrections = train.filter(isJoint);
  const finished = finishedWeights(candidate);
  const weights = corrections.length === 0 ? finished : withSurface(finished, manifest.architecture);
  const fineTune = async (checkpoint: string) =>
    fineTuneOnCorrections(manifest.architecture, weights, corrections, materials.tokenizer, {
      ...{ seed: config.seed, threads: config.threads, checkpoint, positions: studentPositions },
      ...{ layerNormEpsilon: materials.teacher.layerNormEpsilon, padId: materials.teacher.padId },
      ...{ ...studentEncoding, tasks: materials.tasks, replay: await replay() },
      onProgress: printProgress(`corrections ${manifest.name}`, log),
    });
  const tuned = corrections.length === 0 ? weights : await stageResult(join(lesson.folder, "heads"), fineTune);
  // Judged anew, since the data may have changed since the student was made.
  const results = await validate(config, materials, { folder: files.folder, ...manifest });
  const before = await answersOf(config, materials, { ...candidate, results }, lesson.corrections);
  const others = train.filter((one) => !isJoint(one));
  const taught = besideCorrected(others, materials.beside, materials.tokenizer, studentEncoding);
  const corrected = { ...materials, beside: taught.beside, besideShare: taught.dataSetShare };
  return async (share) => {
    const mixed = tuned === weights ? weights : partOfTheWay(weights, tuned, share);
    const unchanged = tuned === weights ? files.folder : undefined;
    const student = { weights: mixed, folder: lesson.folder, unchanged };
    const exported = await exportTaught(config, corrected, candidate, student, log);
    const after = await answersOf(config, materials, exported, lesson.corrections);
    return { exported, judged: compare(share, before, after) };
  };
}

/** Whether a correction is of a task that is learned together with the encoder. */
export function isOfEncoder({ tasks }: Pick<LearningMaterials, "tasks">): (correction: Correction) => boolean {
  return (correction) => tasks.some(({ task }) => task.name === correction.task);
}

/** What both students are compared by. */
interface Answers {
  readonly sets: readonly JudgedSet[];
  /** About each held-out correction. */
  readonly right: readonly Rightness[];
}

function compare(share: number, before: Answers, after: Answers): Attempt["judged"] {
  const changes = setChanges(before.sets, after.sets);
  const gain = gainOf(before.right, after.right);
  return { share, ...gain, changes, refusal: reasonToStay({ changes, gain }) };
}

async function answersOf(
  { threads }: ExportConfig,
  { tokenizer }: LearningMaterials,
  { manifest: { tasks, maxTokens, ngrams }, files, results }: Pick<Exported, "manifest" | "files" | "results">,
  { heldOut }: Corrections,
): Promise<Answers> {
  const classifier = await openStudentClassifier(files.folder, tasks, { tokenizer, ngrams, threads });
  try {
    const right = await rightAbout(classifier, tasks, heldOut, tokenizer, judgedTokens(maxTokens));
    return { sets: judgedSets(results, tasks).filter(hasScore), right };
  } finally {
    await classifier.release();
  }
}

function exportTaught(
  config: ExportConfig,
  materials: LearningMaterials,
  { manifest: { name, architecture, tasks, scores, ngrams, dataSets } }: Candidate,
  { weights, folder, unchanged }: Pick<Trained, "weights" | "folder" | "unchanged">,
  log: Log,
): Promise<Exported> {
  const { corpus } = materials;
  const taught = { ...materials, corpus: { ...corpus, dataSets: allSets(corpus.dataSets, dataSets, [feedbackSet]) } };
  const student = { name, architecture, weights, unchanged, folder: join(folder, "student") };
  const trained = { ...student, kept: tasks, known: scores, keptNgrams: ngrams };
  return exportCandidate(config, taught, trained, log);
}
