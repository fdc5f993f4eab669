import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Candidate, type ExportConfig, exportCandidate } from "../../search/complete/export-candidate.ts";
import { readWeights } from "../../search/export/read-weights.ts";
import { trainHeads } from "../../search/heads/train-heads.ts";
import { weightsPath } from "../../search/learn/finished-student.ts";
import type { LearningMaterials } from "../../search/learn/try-corrections.ts";
import { studentPositions } from "../../search/prepare.ts";
import { tableName, type Weight, weightOf } from "../../search/student/weights.ts";
import { loadWeights, saveWeights } from "../../search/student/weights-file.ts";
import { readManifest } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { createRandom } from "../../src/random.ts";

/**
 * The token table that a base is trained from: of a static student's folder, of a file of weights, or a random one. The table of a
 * student has learned from labels that the bench holds out, and so leaves corrections less to gain than there was.
 * @param random shape [rows, width] of a random one
 */
export function startTable(encoder: string | undefined, random: readonly [number, number]): Weight {
  if (encoder === undefined) return randomTable(random);
  const manifest = join(encoder, "manifest.json");
  const weights = existsSync(manifest) ? readWeights(encoder, readManifest(manifest)) : loadWeights(encoder);
  return weightOf(must(weights, encoder), tableName);
}

function randomTable([rows, width]: readonly [number, number]): Weight {
  const random = createRandom(1);
  const data = Float32Array.from({ length: rows * width }, () => (random.next() - 0.5) / Math.sqrt(width));
  return { dims: [rows, width], data };
}

/** Trains a static student on all tasks, and leaves it in a folder as a run leaves one that it has finished. */
export async function trainBase(
  config: ExportConfig & { readonly tokens: number },
  materials: LearningMaterials,
  table: Weight,
  run: string,
): Promise<Candidate> {
  const [vocabulary, tableWidth] = table.dims as [number, number];
  const flat = { layers: 0, heads: 0, ffn: 0, activation: "gelu" } as const;
  const architecture = { ...flat, hidden: tableWidth, tableWidth, vocabulary };
  const weights = await trainHeads(architecture, new Map([[tableName, table]]), materials.tasks, {
    ...{ tokens: config.tokens, seed: config.seed, threads: config.threads, positions: studentPositions },
    ...{ layerNormEpsilon: materials.teacher.layerNormEpsilon, padId: materials.teacher.padId },
    onProgress: () => {},
  });
  const folder = join(run, "student");
  saveWeights(weightsPath(folder), weights);
  return await exportCandidate(config, materials, { name: "bench", architecture, weights, folder }, () => {});
}
