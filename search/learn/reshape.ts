import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Architecture, architectureName, fromArchitectureName } from "../../src/contract/architecture.ts";
import { ConfigError } from "../../src/errors.ts";
import type { Candidate } from "../complete/export-candidate.ts";
import type { Weights } from "../student/weights.ts";
import { saveWeights } from "../student/weights-file.ts";
import { finishedWeights, weightsPath } from "./finished-student.ts";
import { growWeights } from "./grow.ts";
import { pruneWeights } from "./prune.ts";

/** A student of another size that is made of a finished one. */
export interface Reshaping {
  readonly by: "prune" | "grow";
  /** Short name of the architecture that comes of it (`architectureName`). */
  readonly to: string;
  /** What the new student is called. */
  readonly name: string;
}

interface Way {
  /** Of two architectures that differ in layers and in the width of feed-forward layers alone. */
  readonly leadsTo: (from: Architecture, to: Architecture) => boolean;
  readonly what: string;
  readonly weights: (weights: Weights, from: Architecture, to: Architecture) => Weights;
}

const ways: Readonly<Record<Reshaping["by"], Way>> = {
  prune: {
    leadsTo: (from, to) => to.layers > 0 && to.layers <= from.layers && to.ffn <= from.ffn,
    what: "with fewer layers (before the x) or narrower feed-forward layers (after ffn)",
    weights: (weights, _, to) => pruneWeights(weights, to),
  },
  grow: {
    leadsTo: (from, to) => from.layers > 0 && to.layers > from.layers && to.ffn === from.ffn,
    what: "with more layers (before the x)",
    weights: growWeights,
  },
};

const tokenizerFile = "tokenizer.json";

/**
 * A smaller or deeper student of a finished one, to be trained further. It lies in a folder of its own beside that of the finished one.
 * @throws {ConfigError} when the architecture is none that the finished one can be made into
 */
export function reshapedStudent(candidate: Candidate, reshaping: Reshaping): Candidate {
  const { manifest, files } = candidate;
  const { by, to, name } = reshaping;
  const architecture = reshapedArchitecture(manifest.architecture, reshaping);
  const run = dirname(dirname(files.folder));
  const folder = join(run, `${name}-${to}-of-${manifest.version}`, "student");
  mkdirSync(folder, { recursive: true });
  cpSync(join(files.folder, tokenizerFile), join(folder, tokenizerFile));
  const weights = ways[by].weights(finishedWeights(candidate), manifest.architecture, architecture);
  saveWeights(weightsPath(folder), weights);
  return { manifest: { ...manifest, name, architecture }, files: { folder, names: [tokenizerFile] } };
}

function reshapedArchitecture(from: Architecture, { by, to: name }: Reshaping): Architecture {
  const { leadsTo, what } = ways[by];
  const to = fromArchitectureName(name, from.vocabulary);
  const isOfTheKind =
    to !== null && architectureName({ ...to, layers: from.layers, ffn: from.ffn }) === architectureName(from);
  if (!isOfTheKind || !leadsTo(from, to) || name === architectureName(from))
    throw new ConfigError(`--${by} ${name}: not ${architectureName(from)} ${what}`);
  return to;
}
