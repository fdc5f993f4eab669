import { dirname, join } from "node:path";
import { BadFileError } from "../src/errors.ts";
import type { Log } from "./command.ts";
import { type Candidate, type ExportConfig, type ExportMaterials, exportCandidate } from "./complete.ts";
import { trainHeads } from "./heads/train-heads.ts";
import { studentPositions } from "./prepare.ts";
import { printProgress } from "./progress.ts";
import { stageResult } from "./stage-result.ts";
import { interpolate } from "./student/interpolate.ts";
import { loadWeights } from "./student/weights-file.ts";
import type { Teacher } from "./teacher/teacher.ts";

export interface FurtherTraining extends ExportConfig {
  readonly tokens: number;
  /** How far to go from the weights as they are to those at the end of training; in between is a mean of both. */
  readonly share: number;
}

/**
 * One more round of task training for a finished student, on the data of today, and a student of the mean of its weights before and
 * after (Wortsman et al. 2022): that keeps what the round forgets, as `trainInRounds` measured. Resumes; the student that was
 * trained is left as it is.
 */
export async function trainFurther(
  config: FurtherTraining,
  materials: ExportMaterials & { readonly teacher: Pick<Teacher, "layerNormEpsilon" | "padId"> },
  { manifest, files }: Candidate,
  log: Log,
): Promise<Candidate> {
  const { name, architecture } = manifest;
  const home = dirname(files.folder);
  const start = loadWeights(join(home, "heads.safetensors"));
  if (start === null) throw new BadFileError(`${home}: the weights of ${name} are missing`);
  const folder = join(home, `further-${config.tokens}-seed${config.seed}`);
  const end = await stageResult(join(folder, "heads"), (checkpoint) =>
    trainHeads(architecture, start, materials.tasks, {
      ...{ tokens: config.tokens, seed: config.seed, threads: config.threads, checkpoint, positions: studentPositions },
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
