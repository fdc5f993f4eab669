import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { dropCheckpoint } from "../student/checkpoint.ts";
import type { Weights } from "../student/weights.ts";
import { loadWeights, saveWeights } from "../student/weights-file.ts";

/** Reads a stage's weights, or runs the stage and keeps them. */
export async function stageResult(path: string, run: (checkpoint: string) => Promise<Weights>): Promise<Weights> {
  const done = loadWeights(`${path}.safetensors`);
  if (done) return done;
  mkdirSync(dirname(path), { recursive: true });
  const checkpoint = `${path}.checkpoint.safetensors`;
  const weights = await run(checkpoint);
  saveWeights(`${path}.safetensors`, weights);
  dropCheckpoint(checkpoint);
  return weights;
}
