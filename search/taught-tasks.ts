import { join } from "node:path";
import type { Log } from "./command.ts";
import type { SearchConfig } from "./config.ts";
import { shareOf } from "./corpus/known-sets.ts";
import { type AskedText, textsToAsk, withSoftTargets } from "./heads/soft-targets.ts";
import { teacherLogits } from "./heads/teacher-logits.ts";
import { fullTrust, type Trust } from "./heads/teacher-trust.ts";
import { type Materials, trainingMaxTokens } from "./prepare.ts";
import { printShare } from "./progress.ts";
import type { EncodedTask } from "./student/encoded-task.ts";

/** Unlabelled texts as one data set: half of what its size would give it, since few of them have an opinion. */
const unlabelled = { dataSet: "unlabelled", share: 0.5 };

type Taught = Pick<Materials, "corpus" | "tokenizer" | "tasks" | "tuned" | "cacheFolder">;

interface TeachingConfig extends Pick<SearchConfig, "seed" | "threads"> {
  readonly effort: Pick<SearchConfig["effort"], "softTokens">;
}

/** The tasks with soft targets of the fine-tuned teacher, where it is trusted; as they are where it was not fine-tuned. */
export async function taughtTasks(
  config: TeachingConfig,
  materials: Taught,
  log: Log,
  trust: Trust = fullTrust,
): Promise<readonly EncodedTask[]> {
  const { tuned, tasks, cacheFolder } = materials;
  if (tuned === null || config.effort.softTokens === 0) return tasks;
  const asked = textsToAsk(candidates(materials), {
    tokens: config.effort.softTokens,
    seed: config.seed,
    dataSetShare: (dataSet) => (dataSet === unlabelled.dataSet ? unlabelled.share : shareOf(dataSet)),
  });
  const sequences = asked.map(({ ids }) => ids);
  const logits = await teacherLogits(tuned, sequences, {
    threads: config.threads,
    cacheFolder: join(cacheFolder, "logits"),
    onProgress: printShare("teacher's answers", "tokens", log),
  });
  return withSoftTargets(tasks, asked, logits, trust);
}

function candidates({ corpus, tasks, tokenizer }: Taught): AskedText[] {
  const labelled = tasks
    .filter(({ task }) => task.input === "text" && !task.certain)
    .flatMap(({ examples }) => examples.map(({ ids, dataSet }) => ({ ids, dataSet })));
  const others = corpus.unlabelled.map(({ text }) => ({
    ids: tokenizer.encode(text, trainingMaxTokens).ids,
    dataSet: unlabelled.dataSet,
  }));
  return [...labelled, ...others];
}
