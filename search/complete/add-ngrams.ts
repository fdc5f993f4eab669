import { join } from "node:path";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { trainNgrams } from "../heads/train-ngrams.ts";
import type { Materials } from "../prepare.ts";
import { printProgress } from "../progress.ts";
import type { Weights } from "../student/weights.ts";
import { stageResult } from "./stage-result.ts";

interface Spelling extends Pick<SearchConfig, "seed" | "threads"> {
  /** N-grams to train on. */
  readonly ngramTokens: number;
}

/**
 * A static student's weights with a part that reads character n-grams, for the tasks that spelling tells more than words do; the
 * weights alone where none is among them. Students with layers read none: static ones answer along with them. They learn from labels
 * alone: taught what others say, they add less to what the student says (UMSAB in seven languages 60.6 in place of 61.0, filter as good).
 */
export async function addNgrams(
  { seed, threads, ngramTokens }: Spelling,
  { tasks, tokenizer, teacher }: Pick<Materials, "tasks" | "tokenizer"> & { teacher: { layerNormEpsilon: number } },
  { weights, folder, name }: { readonly weights: Weights; readonly folder: string; readonly name: string },
  log: Log,
): Promise<Weights> {
  const spelled = tasks.filter(({ task }) => task.ngrams);
  if (spelled.length === 0 || ngramTokens === 0) return weights;
  const part = await stageResult(join(folder, "ngrams"), (checkpoint) =>
    trainNgrams(spelled, tokenizer, {
      ...{ tokens: ngramTokens, seed, threads, checkpoint, layerNormEpsilon: teacher.layerNormEpsilon },
      onProgress: printProgress(`n-grams ${name}`, log),
    }),
  );
  return new Map([...weights, ...part]);
}
