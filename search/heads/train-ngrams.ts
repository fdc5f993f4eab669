import { createNgrams } from "../../src/ngrams/ngrams.ts";
import { createRandom, type Random } from "../../src/random.ts";
import type { Task } from "../../src/tasks/task.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import type { EncodedTask } from "../student/encoded-task.ts";
import { asNgramPart, ngramArchitecture, ngramShape } from "../student/ngram-part.ts";
import { packInts } from "../student/packed-arrays.ts";
import { tableName, type Weights } from "../student/weights.ts";
import { type HeadTrainingOptions, trainHeads } from "./train-heads.ts";

/** Share of batches of a task whose labels hold for any part of a text: it has most to learn of spelling. */
const certainWeight = 15;
/** Pieces of the cuts that are learned beside whole texts, since what is asked about is often short. */
const [leastCut, mostCut] = [2, 8];
/** Deviation of the fresh rows: the mean of a few hundred is then no longer than a tenth of one. */
const spread = 0.1;

/**
 * Trains what a static student reads of character n-grams, for tasks over single texts, from nothing. A student's weights with it
 * are both maps together. `tokens` are n-grams here. @throws {DivergedError}
 */
export async function trainNgrams(
  tasks: readonly EncodedTask[],
  tokenizer: Tokenizer,
  options: Omit<HeadTrainingOptions, "positions" | "padId">,
): Promise<Weights> {
  const read = createNgrams(tokenizer.pieceOf, ngramShape);
  const pack = packInts();
  const random = createRandom(options.seed);
  const spelled = tasks.map((encoded) => ({
    ...encoded,
    task: { ...encoded.task, weight: encoded.task.certain ? certainWeight : encoded.task.weight },
    examples: encoded.examples.flatMap((example) =>
      partsOf(encoded.task, example.ids, random).map((ids) => ({ ...example, ids: pack(read(ids)) })),
    ),
  }));
  const dims = [ngramArchitecture.vocabulary, ngramArchitecture.tableWidth] as const;
  const table = Float32Array.from({ length: dims[0] * dims[1] }, () => spread * random.normal());
  const start: Weights = new Map([[tableName, { dims, data: table }]]);
  return asNgramPart(await trainHeads(ngramArchitecture, start, spelled, { ...options, positions: 0, padId: 0 }));
}

/** A text, and a cut of it where the label holds for that too. */
function partsOf({ certain }: Task, ids: Int32Array, random: Random): Int32Array[] {
  return certain ? [ids, cutFrom(ids, random)] : [ids];
}

/** A few pieces that follow each other, without the special ones at both ends. */
function cutFrom(ids: Int32Array, random: Random): Int32Array {
  const inner = ids.subarray(1, -1);
  const length = leastCut + random.int(mostCut - leastCut + 1);
  const start = random.int(Math.max(1, inner.length - length + 1));
  return inner.subarray(start, start + length);
}
