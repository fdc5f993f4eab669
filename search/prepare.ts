import { join } from "node:path";
import { BadFileError, ConfigError } from "../src/errors.ts";
import { must } from "../src/invariant.ts";
import { readTokenizer } from "../src/text/read-tokenizer.ts";
import type { Tokenizer } from "../src/text/tokenizer.ts";
import type { Log } from "./command/command.ts";
import type { SearchConfig } from "./config.ts";
import type { Corpus } from "./corpus/assemble.ts";
import { checkLearnable } from "./corpus/check-learnable.ts";
import { distillationTexts } from "./corpus/distillation-texts.ts";
import { fineTuningShareOf } from "./corpus/known-sets.ts";
import { loadCorpus } from "./corpus/load.ts";
import { createHeritage, type Heritage } from "./distil/inherit.ts";
import { type StateTargets, stateTargets } from "./distil/targets.ts";
import { contextlessVectors, inverseFrequency, tokenShares } from "./distil/token-vectors.ts";
import { givenArchitectures, makesStatics } from "./explore/given-architectures.ts";
import { checkTeachers } from "./heads/check-labels.ts";
import { isTaught } from "./heads/soft-targets.ts";
import { printProgress, printShare } from "./progress.ts";
import { encodeBeside, encodeCorpus } from "./student/encode-corpus.ts";
import type { EncodedTask } from "./student/encoded-task.ts";
import { type FineTunedTeacher, fineTuneTeacher, readFineTuned, teacherEncoding } from "./teacher/fine-tune.ts";
import { fetchTeacher } from "./teacher/hub.ts";
import { readTeacher, readTeacherArchitecture, type Teacher, withTokenizer } from "./teacher/teacher.ts";

/** Longest text that students train on; they read longer ones when served. */
export const trainingMaxTokens = 64;
/** How students see training texts: targets are smoothed a little. */
export const studentEncoding = { maxTokens: trainingMaxTokens, smoothing: 0.05 };
/** Longest text, in tokens, that a student with layers reads. */
export const studentPositions = 256;

/** All that trials and winners share; computed or read once a run. */
export interface Materials {
  readonly corpus: Corpus;
  readonly tokenizer: Tokenizer;
  readonly tokenizerPath: string;
  /** The teacher whose states are imitated. */
  readonly teacher: Teacher;
  /** Fine-tuned ones, whose answers are learned; none where the effort does not allow. */
  readonly tuned: readonly FineTunedTeacher[];
  readonly tasks: readonly EncodedTask[];
  /** Learned on finished encoders. */
  readonly beside: readonly EncodedTask[];
  readonly heritage: Heritage;
  readonly cacheFolder: string;
}

/** corpus → teacher: reads the data, fine-tunes the teacher, and computes what students inherit. */
export async function prepare(config: SearchConfig, log: Log): Promise<Materials> {
  const folder = await fetchTeacher(config.teacher, join(config.runs, "hub"));
  // Only checked here: what cannot be taught is to be said before hours of work.
  givenArchitectures(config, readTeacherArchitecture(folder));
  const tokenizerPath = join(folder, "tokenizer.json");
  const tokenizer = readTokenizer(tokenizerPath);
  const original = withTokenizer(readTeacher(folder), tokenizer);
  if (original.positions < studentPositions)
    throw new BadFileError(
      `${folder}: the teacher reads ${original.positions} tokens, its students would read ${studentPositions}`,
    );
  const corpus = await readCorpus(config, log);
  const tuned = await tunedTeachers(config, original, corpus, tokenizer, log);
  const teacher = config.tunedTeachers.length === 1 ? must(tuned[0]) : original;
  const tasks = encodeCorpus(corpus, tokenizer, studentEncoding);
  // Of one that is only imitated, labels do not matter.
  if (config.effort.softTokens > 0) checkTeachers(tuned, tasks);
  const beside = encodeBeside(corpus, tokenizer, studentEncoding);
  const cacheFolder = join(config.runs, "cache");
  const shares = tokenShares(trainingSequences(corpus, tasks, tokenizer), teacher.architecture.vocabulary);
  const vectors = makesStatics(config)
    ? await contextlessVectors(teacher, shares, {
        most: config.effort.vectorTokens,
        threads: config.threads,
        cacheFolder,
        onProgress: printShare("token vectors", "tokens", log),
      })
    : null;
  const heritage = await createHeritage(teacher, vectors, shares, inverseFrequency(shares));
  return { corpus, tokenizer, tokenizerPath, teacher, tuned, tasks, beside, heritage, cacheFolder };
}

/** @throws {ConfigError} when it does not teach all of its tasks, or none that is learned with the encoder */
async function readCorpus({ data, seed, effort, tasks }: SearchConfig, log: Log): Promise<Corpus> {
  const corpus = await loadCorpus(data, { seed, limits: effort.limits, ...(tasks && { tasks }) });
  if (corpus.tasks.every(({ beside }) => beside !== undefined))
    throw new ConfigError(
      `${corpus.tasks.map(({ name }) => name).join(", ")}: learned beside other tasks only; name one of those too, or add them to students with npm run add-task`,
    );
  checkLearnable(corpus, log);
  log(
    `corpus · ${[...corpus.train].map(([task, rows]) => `${task} ${rows.length}`).join(", ")} · ${corpus.unlabelled.length} unlabelled`,
  );
  return corpus;
}

/** Those that were given, or one for each task that learns what a teacher says. */
async function tunedTeachers(
  config: SearchConfig,
  original: Teacher,
  corpus: Corpus,
  tokenizer: Tokenizer,
  log: Log,
): Promise<FineTunedTeacher[]> {
  if (config.tunedTeachers.length > 0) return config.tunedTeachers.map((folder) => readFineTuned(original, folder));
  if (config.effort.teacherTokens === 0) return [];
  const tuned: FineTunedTeacher[] = [];
  for (const encoded of encodeCorpus(corpus, tokenizer, teacherEncoding).filter(({ task }) => isTaught(task)))
    tuned.push(
      await fineTuneTeacher(original, [encoded], {
        cacheFolder: join(config.runs, "teacher"),
        tokens: config.effort.teacherTokens,
        threads: config.threads,
        precision: config.precision,
        seed: config.seed,
        dataSetShare: fineTuningShareOf,
        onProgress: printProgress(`fine-tune teacher, ${encoded.task.name}`, log),
      }),
    );
  return tuned;
}

/** Token ids of what students will see: unlabelled texts and the tasks' examples. */
function* trainingSequences(
  corpus: Corpus,
  tasks: readonly EncodedTask[],
  tokenizer: Tokenizer,
): Generator<Int32Array> {
  for (const { text } of corpus.unlabelled) yield tokenizer.encode(text, trainingMaxTokens).ids;
  for (const { examples } of tasks) {
    for (const { ids, pairIds } of examples) {
      yield ids;
      if (pairIds) yield pairIds;
    }
  }
}

/** The teacher's states of some layers over distillation texts of so many tokens; another seed draws other texts. */
export function teacherStates(
  config: SearchConfig,
  materials: Materials,
  wanted: { readonly tokens: number; readonly seed: number; readonly layers: readonly number[] },
  log: Log,
): Promise<StateTargets> {
  const { tokens, seed, layers } = wanted;
  const relationLayer = config.transfer === "hidden" ? null : materials.teacher.architecture.layers;
  const texts = distillationTexts(materials.corpus, materials.tokenizer, {
    tokens,
    maxTokens: trainingMaxTokens,
    seed,
  });
  return stateTargets(materials.teacher, texts, {
    layers,
    relationLayer,
    threads: config.threads,
    cacheFolder: join(materials.cacheFolder, "states"),
    onProgress: printShare("teacher states", "tokens", log),
  });
}
