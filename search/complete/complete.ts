import { join } from "node:path";
import { type Architecture, architectureName } from "../../src/contract/architecture.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { distil } from "../distil/distil.ts";
import { mappedLayers, stateMaps } from "../distil/state-maps.ts";
import { type Materials, studentPositions, teacherStates } from "../prepare.ts";
import { printProgress } from "../progress.ts";
import { addNgrams } from "./add-ngrams.ts";
import { type Candidate, exportCandidate } from "./export-candidate.ts";
import { stageResult } from "./stage-result.ts";
import { taughtTasks } from "./taught-tasks.ts";
import { dropRounds, trainInRounds } from "./train-in-rounds.ts";

/**
 * distil in full → task heads → int8 → manifest, for the winner of a budget. Every stage leaves its result in the run's folder, so
 * that a killed run takes up the stage it was in.
 */
export async function completeStudent(
  config: SearchConfig,
  materials: Materials,
  name: string,
  a: Architecture,
  log: Log,
): Promise<Candidate> {
  const folder = join(config.runs, config.id, `${name}-${architectureName(a)}`);
  const stage = `${name} ${architectureName(a)}`;
  const encoder = await stageResult(join(folder, "encoder"), async (checkpoint) => {
    const layers = mappedLayers(stateMaps(a, materials.teacher.architecture));
    const texts = { tokens: config.effort.distilTexts, seed: config.seed + 1, layers };
    const targets = await teacherStates(config, materials, texts, log);
    const { weights, pooledLoss } = await distil(a, targets, materials.heritage, {
      transfer: config.transfer,
      tokens: config.effort.distilTokens,
      seed: config.seed,
      threads: config.threads,
      precision: config.precision,
      positions: studentPositions,
      validationTexts: Math.max(16, Math.round(targets.sequences.length * 0.03)),
      onProgress: printProgress(`distil ${stage}`, log),
      checkpoint,
    });
    log(`distilled ${stage} · loss ${pooledLoss.toFixed(4)}`);
    return weights;
  });
  const weights = await stageResult(join(folder, "heads"), async () => {
    const tasks = await taughtTasks(config, materials, log);
    const trained = await trainInRounds(config, materials, { architecture: a, encoder, tasks, folder, stage }, log);
    if (a.layers > 0) return trained;
    const spelling = { ...config, ngramTokens: config.effort.ngramTokens };
    return await addNgrams(spelling, materials, { weights: trained, folder, name: stage }, log);
  });
  dropRounds(folder);
  return exportCandidate(config, materials, { name, architecture: a, weights, folder: join(folder, "student") }, log);
}
