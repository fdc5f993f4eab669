import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHeritage, type Heritage } from "../../../search/distil/inherit.ts";
import { type StateTargets, stateTargets, type TargetOptions } from "../../../search/distil/targets.ts";
import { contextlessVectors, inverseFrequency, tokenShares } from "../../../search/distil/token-vectors.ts";
import { readTeacher, type Teacher } from "../../../search/teacher/teacher.ts";
import { createRandom } from "../../../src/random.ts";
import { type TinyTeacher, writeTinyTeacher } from "../../fixtures/tiny-teacher.ts";

export const root = mkdtempSync(join(tmpdir(), "kdnas-distil-"));

/** A teacher of three layers of 16, loaded from a folder like any other. */
export function tinyTeacher(options: TinyTeacher = { kind: "bert" }): Teacher {
  const folder = join(root, `teacher-${JSON.stringify(options).replace(/\W/g, "")}`);
  writeTinyTeacher(folder, options);
  return readTeacher(folder);
}

/** Texts of 3 to 12 tokens. The last pieces of the vocabulary do not occur in them. */
export function tinySequences(count: number, vocabulary: number, seed = 2): Int32Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const words = Array.from({ length: 1 + random.int(10) }, () => 5 + random.int(vocabulary - 15));
    return Int32Array.of(0, ...words, 2);
  });
}

export async function tinyHeritage(teacher: Teacher, sequences: readonly Int32Array[]): Promise<Heritage> {
  const shares = tokenShares(sequences, teacher.architecture.vocabulary);
  const options = { most: 1000, threads: 1, cacheFolder: join(root, "cache"), onProgress: () => undefined };
  const vectors = await contextlessVectors(teacher, shares, options);
  return createHeritage(teacher, vectors, shares, inverseFrequency(shares));
}

export function tinyStates(
  teacher: Teacher,
  sequences: readonly Int32Array[],
  change: Partial<Pick<TargetOptions, "relationLayer" | "onProgress">> = {},
): Promise<StateTargets> {
  const layers = Array.from({ length: teacher.architecture.layers + 1 }, (_, i) => i);
  const options = { layers, threads: 1, cacheFolder: join(root, "states"), onProgress: () => undefined };
  return stateTargets(teacher, sequences, { ...options, ...change });
}
