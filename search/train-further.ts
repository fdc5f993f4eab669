import { dirname, join } from "node:path";
import type { Log } from "./command.ts";
import { type Candidate, type ExportConfig, type ExportMaterials, exportCandidate } from "./complete.ts";
import { finishedWeights } from "./finished-student.ts";
import { trainHeads } from "./heads/train-heads.ts";
import type { LearningMaterials } from "./learn-corrections.ts";
import { studentPositions } from "./prepare.ts";
import { printProgress } from "./progress.ts";
import { stageResult } from "./stage-result.ts";
import { interpolate } from "./student/interpolate.ts";
import type { StepPrecision } from "./student/training-graph.ts";

export interface FurtherTraining extends ExportConfig {
  readonly tokens: number;
  /** How far to go from the weights as they are to those at the end of training; in between is a mean of both. */
  readonly share: number;
  readonly precision: StepPrecision;
}

/**
 * One more round of task training for a finished student, on the data of today, and a student of the mean of its weights before and
 * after (Wortsman et al. 2022): that keeps what the round forgets, as `trainInRounds` measured. Resumes; the student that was
 * trained is left as it is.
 */
export async function trainFurther(
  config: FurtherTraining,
  materials: LearningMaterials,
  candidate: Candidate,
  log: Log,
): Promise<Candidate> {
  const { manifest, files } = candidate;
  const { name, architecture } = manifest;
  const start = finishedWeights(candidate);
  const folder = join(dirname(files.folder), `further-${config.tokens}-seed${config.seed}`);
  const end = await stageResult(join(folder, "heads"), (checkpoint) =>
    trainHeads(architecture, start, materials.tasks, {
      ...{ tokens: config.tokens, seed: config.seed, threads: config.threads, checkpoint, positions: studentPositions },
      precision: config.precision,
      ...{ layerNormEpsilon: materials.teacher.layerNormEpsilon, padId: materials.teacher.padId },
      onProgress: printProgress(`train ${name}`, log),
    }),
  );
  const weights = config.share === 1 ? end : interpolate(start, end, config.share);
  const taught = { ...materials, corpus: { ...materials.corpus, dataSets: allSets(manifest, materials) } };
  const student = join(folder, `student-${config.share}`);
  return await exportCandidate(config, taught, { name, architecture, weights, folder: student }, log);
}

/** What it was trained on before is in its weights, whether these data have it or not. */
function allSets({ dataSets }: Candidate["manifest"], { corpus }: ExportMaterials) {
  const names = new Set(corpus.dataSets.map(({ name }) => name));
  return [...corpus.dataSets, ...dataSets.filter(({ name }) => !names.has(name))];
}
