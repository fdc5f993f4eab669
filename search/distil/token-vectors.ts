import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../src/invariant.ts";
import { fromFloat32, openSafetensors, toFloat32, writeSafetensors } from "../graph/safetensors.ts";
import type { Weight } from "../student/weights.ts";
import { addWeights } from "../student/weights-hash.ts";
import { batchOf, startTeacher } from "../teacher/hidden-states.ts";
import type { Teacher } from "../teacher/teacher.ts";

const rowsPerBatch = 512;

/**
 * What the teacher makes of each token alone: the pooled state of `<s> token </s>`, [vocabulary, hidden]. A static student
 * starts from these (as Model2Vec does), since a table of input embeddings has seen no layer. Tokens that never occur in the
 * data are not computed and stay 0. Cached by the teacher's content and by which tokens occur.
 */
export async function contextlessVectors(
  teacher: Teacher,
  shares: Float64Array,
  options: {
    /** Compute these many at most, the most frequent. */
    readonly most: number;
    readonly threads: number;
    readonly cacheFolder: string;
    readonly onProgress: (done: number, total: number) => void;
  },
): Promise<Weight> {
  const { vocabulary, hidden } = teacher.architecture;
  const rarest = shares.reduce((a, b) => Math.min(a, b));
  const occurring = [...shares.keys()]
    .filter((id) => (shares[id] as number) > rarest)
    .sort((a, b) => (shares[b] as number) - (shares[a] as number))
    .slice(0, options.most);
  const path = join(options.cacheFolder, `tokens-${vectorsKey(teacher, occurring)}.safetensors`);
  if (existsSync(path)) return { dims: [vocabulary, hidden], data: toFloat32(openSafetensors(path).read("vectors")) };
  const data = new Float32Array(vocabulary * hidden);
  const running = await startTeacher(teacher, { precision: "fp32", threads: options.threads });
  try {
    for (let from = 0; from < occurring.length; from += rowsPerBatch) {
      const ids = occurring.slice(from, from + rowsPerBatch);
      const sequences = ids.map((id) => Int32Array.of(teacher.beginId, id, teacher.endId));
      const { pooled } = await running.run(batchOf(sequences, [...sequences.keys()], teacher.padId), ["pooled"]);
      const vectors = must(pooled).data as Float32Array;
      ids.forEach((id, row) => {
        data.set(vectors.subarray(row * hidden, (row + 1) * hidden), id * hidden);
      });
      options.onProgress(from + ids.length, occurring.length);
    }
  } finally {
    await running.release();
  }
  mkdirSync(options.cacheFolder, { recursive: true });
  writeSafetensors(path, new Map([["vectors", fromFloat32([vocabulary, hidden], data)]]));
  return { dims: [vocabulary, hidden], data };
}

/** How often each token occurs, as a share of all; tokens that never occur count a fraction of one occurrence. */
export function tokenShares(sequences: Iterable<Int32Array>, vocabulary: number): Float64Array {
  const counts = new Float64Array(vocabulary).fill(0.1);
  for (const ids of sequences) for (const id of ids) counts[id] = (counts[id] as number) + 1;
  const total = counts.reduce((a, b) => a + b, 0);
  return counts.map((count) => count / total);
}

/** Smooth inverse frequency a / (a + p) (Arora et al. 2017): frequent tokens say little about a text. */
export function inverseFrequency(shares: Float64Array, a = 1e-3): Float64Array {
  return shares.map((p) => a / (a + p));
}

function vectorsKey(teacher: Teacher, tokens: readonly number[]): string {
  const hash = createHash("sha256").update(Int32Array.from(tokens));
  return addWeights(hash, teacher.weights).digest("hex").slice(0, 12);
}
