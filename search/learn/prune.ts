import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Architecture, architectureName, fromArchitectureName } from "../../src/contract/architecture.ts";
import { ConfigError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Candidate } from "../complete/export-candidate.ts";
import { inheritLayers } from "../student/inherit-layers.ts";
import { encoderParameters, sizeOf, type Weights, weightOf } from "../student/weights.ts";
import { saveWeights } from "../student/weights-file.ts";
import { finishedWeights, weightsPath } from "./finished-student.ts";

export interface Pruning {
  /** Short name of the smaller architecture (`architectureName`). */
  readonly to: string;
  /** Of the smaller student. */
  readonly name: string;
}

const tokenizerFile = "tokenizer.json";

/**
 * A smaller student of a finished one, to be trained further: of its lowest layers, and of the strongest neurons of their feed-forward
 * layers (structured pruning). It lies in a folder of its own beside that of the finished one.
 * @throws {ConfigError} when the architecture is not the finished one's with fewer layers or narrower feed-forward layers
 */
export function prunedStudent(candidate: Candidate, { to, name }: Pruning): Candidate {
  const { manifest, files } = candidate;
  const architecture = prunedArchitecture(manifest.architecture, to);
  const run = dirname(dirname(files.folder));
  const folder = join(run, `${name}-${to}-of-${manifest.version}`, "student");
  mkdirSync(folder, { recursive: true });
  cpSync(join(files.folder, tokenizerFile), join(folder, tokenizerFile));
  saveWeights(weightsPath(folder), pruneWeights(finishedWeights(candidate), architecture));
  return { manifest: { ...manifest, name, architecture }, files: { folder, names: [tokenizerFile] } };
}

function prunedArchitecture(from: Architecture, name: string): Architecture {
  const to = fromArchitectureName(name, from.vocabulary);
  const isSmaller = to !== null && to.layers > 0 && to.layers <= from.layers && to.ffn <= from.ffn;
  const grown = isSmaller && architectureName({ ...to, layers: from.layers, ffn: from.ffn });
  if (to === null || grown !== architectureName(from) || name === architectureName(from))
    throw new ConfigError(
      `--prune ${name}: not ${architectureName(from)} with fewer layers (before the x) or narrower feed-forward layers (after ffn)`,
    );
  return to;
}

/** Heads, norms of the embedding and the token table stay as they are. */
export function pruneWeights(weights: Weights, to: Architecture): Weights {
  const isLayer = (name: string) => name.startsWith("layer.");
  const pruned: Weights = new Map([...weights].filter(([name]) => !isLayer(name)));
  const positions = must(weightOf(weights, "position").dims[0]);
  for (const { name, dims } of encoderParameters(to, positions))
    if (isLayer(name)) pruned.set(name, { dims, data: new Float32Array(sizeOf(dims)) });
  inheritLayers(pruned, to, weights);
  return pruned;
}
