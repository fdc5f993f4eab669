import { join } from "node:path";
import type { Log } from "./command.ts";
import type { SearchConfig } from "./config.ts";
import { shareOf } from "./corpus/known-sets.ts";
import { checkEnsemble, type Ensemble, memberLogits } from "./ensemble.ts";
import { type Answers, type AskedText, textsToAsk, withSoftTargets } from "./heads/soft-targets.ts";
import { teacherLogits } from "./heads/teacher-logits.ts";
import { fullTrust, type Trust } from "./heads/teacher-trust.ts";
import { type Materials, trainingMaxTokens } from "./prepare.ts";
import { printShare } from "./progress.ts";
import type { EncodedTask } from "./student/encoded-task.ts";

/** Unlabelled texts as one data set: half of what its size would give it, since few of them have an opinion. */
const unlabelled = { dataSet: "unlabelled", share: 0.5 };

/** An ensemble of students is many times faster than the teacher. */
const ensembleTokens = 10_000_000;

type Taught = Pick<Materials, "corpus" | "tokenizer" | "tokenizerPath" | "tasks" | "tuned" | "cacheFolder">;

interface TeachingConfig extends Pick<SearchConfig, "seed" | "threads"> {
  /** Tokens of the texts that the teacher is asked about. */
  readonly effort: Pick<SearchConfig["effort"], "softTokens">;
  /** Students that are asked too, and believed about everything. @default none */
  readonly ensemble?: Ensemble;
}

/** The tasks with soft targets of the fine-tuned teacher, where it is trusted, and of an ensemble; as they are where nobody is asked. */
export async function taughtTasks(
  config: TeachingConfig,
  materials: Taught,
  log: Log,
  trust: Trust = fullTrust,
): Promise<readonly EncodedTask[]> {
  const answers = [
    ...(await askTeacher(config, materials, trust, log)),
    ...(await askEnsemble(config, materials, log)),
  ];
  return answers.length === 0 ? materials.tasks : withSoftTargets(materials.tasks, answers);
}

async function askTeacher(config: TeachingConfig, materials: Taught, trust: Trust, log: Log): Promise<Answers[]> {
  const { tuned, cacheFolder } = materials;
  const { seed, threads, effort } = config;
  if (tuned === null || effort.softTokens === 0) return [];
  const asked = choose(materials, seed, effort.softTokens);
  const logits = await teacherLogits(tuned, idsOf(asked), {
    threads,
    cacheFolder: join(cacheFolder, "logits"),
    onProgress: printShare("teacher's answers", "tokens", log),
  });
  return [{ asked, logits, trust }];
}

async function askEnsemble(config: TeachingConfig, materials: Taught, log: Log): Promise<Answers[]> {
  const { seed, threads, ensemble = [] } = config;
  if (ensemble.length === 0) return [];
  checkEnsemble(ensemble, materials.tokenizerPath, materials.tasks);
  const asked = choose(materials, seed, ensembleTokens);
  const tasks = learners(materials.tasks).map(({ task }) => task.name);
  const answers: Answers[] = [];
  for (const member of ensemble) {
    const onProgress = printShare(`answers of ${member.manifest.name}`, "texts", log);
    const options = { tasks, padId: materials.tokenizer.padId, threads, onProgress };
    answers.push({ asked, logits: await memberLogits(member, idsOf(asked), options), trust: fullTrust });
  }
  return answers;
}

/** The tasks that learn what is said beside their labels. */
function learners(tasks: readonly EncodedTask[]): EncodedTask[] {
  return tasks.filter(({ task }) => task.input === "text" && !task.certain);
}

function choose({ corpus, tasks, tokenizer }: Taught, seed: number, tokens: number): AskedText[] {
  const labelled = learners(tasks).flatMap(({ examples }) => examples.map(({ ids, dataSet }) => ({ ids, dataSet })));
  const others = corpus.unlabelled.map(({ text }) => ({
    ids: tokenizer.encode(text, trainingMaxTokens).ids,
    dataSet: unlabelled.dataSet,
  }));
  return textsToAsk([...labelled, ...others], {
    tokens,
    seed,
    dataSetShare: (dataSet) => (dataSet === unlabelled.dataSet ? unlabelled.share : shareOf(dataSet)),
  });
}

function idsOf(asked: readonly AskedText[]): Int32Array[] {
  return asked.map(({ ids }) => ids);
}
