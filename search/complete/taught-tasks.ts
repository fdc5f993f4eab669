import { join } from "node:path";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { shareOf, unlabelledSet } from "../corpus/known-sets.ts";
import { checkTeachers } from "../heads/check-labels.ts";
import { type Adviser, keptLogits } from "../heads/kept-logits.ts";
import { type Answers, type AskedText, isTaught, textsToAsk, withSoftTargets } from "../heads/soft-targets.ts";
import { teacherAdviser } from "../heads/teacher-classifier.ts";
import { fullTrust, type Trust } from "../heads/teacher-trust.ts";
import { type Materials, trainingMaxTokens } from "../prepare.ts";
import { printShare } from "../progress.ts";
import type { EncodedTask } from "../student/encoded-task.ts";
import type { FineTunedTeacher } from "../teacher/fine-tune.ts";
import { checkEnsemble, type Ensemble, memberAdviser } from "./ensemble.ts";

/** An ensemble of students is many times faster than the teacher. */
const ensembleTokens = 6_000_000;

type Taught = Pick<Materials, "corpus" | "tokenizer" | "tokenizerPath" | "tasks" | "tuned" | "cacheFolder">;

interface TeachingConfig extends Pick<SearchConfig, "seed" | "threads"> {
  /** Tokens of the texts that a teacher is asked about. */
  readonly effort: Pick<SearchConfig["effort"], "softTokens">;
  /** Students that are asked too, and believed about what no teacher is. @default none */
  readonly ensemble?: Ensemble;
}

/**
 * The tasks with soft targets of fine-tuned teachers, where they are trusted, and of an ensemble; as they are where nobody is asked.
 * @throws {ConfigError} when somebody who is asked has other labels
 */
export async function taughtTasks(
  config: TeachingConfig,
  materials: Taught,
  log: Log,
  trust: Trust = fullTrust,
): Promise<readonly EncodedTask[]> {
  const { effort, ensemble = [], seed, threads } = config;
  const teachers = effort.softTokens === 0 ? [] : materials.tuned;
  if (teachers.length + ensemble.length === 0) return materials.tasks;
  checkTeachers(teachers, materials.tasks);
  const texts = askableTexts(materials);
  const answers: Answers[] = [];
  const asked = teachers.length === 0 ? [] : choose(believable(texts, teachers, trust), effort.softTokens, seed);
  for (const teacher of teachers) {
    const adviser = teacherAdviser(teacher, threads);
    const logits = await ask(adviser, asked, `the teacher of ${adviser.tasks.join(", ")}`, materials, log);
    answers.push({ from: "teacher", asked, logits, trust });
  }
  const left = whatIsLeft(teachers, trust);
  if (ensemble.length > 0) answers.push(...(await askEnsemble(ensemble, left, config, materials, texts, log)));
  return withSoftTargets(materials.tasks, answers);
}

/**
 * What students are believed about beside fine-tuned teachers: not the texts of a set whose labels they have learned by heart (.98 right of
 * UMSAB's training rows, .58 of its validation rows), where a teacher, which has seen them a few times, has more to say than the labels.
 */
export function whatIsLeft(teachers: readonly Pick<FineTunedTeacher, "tasks">[], trust: Trust): Trust {
  const knows = (task: string) => teachers.some(({ tasks }) => tasks.some(({ name }) => name === task));
  return (task, dataSet) => {
    const isTeachers = dataSet !== null && knows(task) && trust(task, dataSet) > 0;
    return isTeachers ? 0 : fullTrust(task, dataSet);
  };
}

/** Those that a teacher is believed about: each answer of one costs as much as training a student on several texts. */
export function believable(
  texts: readonly TaskText[],
  teachers: readonly Pick<FineTunedTeacher, "tasks">[],
  trust: Trust,
): readonly TaskText[] {
  const names = teachers.flatMap(({ tasks }) => tasks.map(({ name }) => name));
  return texts.filter(({ task, dataSet }) => names.some((name) => trust(name, name === task ? dataSet : null) > 0));
}

async function askEnsemble(
  ensemble: Ensemble,
  trust: Trust,
  { seed, threads }: TeachingConfig,
  materials: Taught,
  texts: readonly AskedText[],
  log: Log,
): Promise<Answers[]> {
  checkEnsemble(ensemble, materials.tokenizerPath, materials.tasks);
  const asked = choose(texts, ensembleTokens, seed);
  const tasks = materials.tasks.flatMap(({ task }) => (isTaught(task) ? task.name : []));
  const answers: Answers[] = [];
  for (const member of ensemble) {
    const adviser = memberAdviser(member, tasks, materials.tokenizer, threads);
    const logits = await ask(adviser, asked, member.manifest.name, materials, log);
    answers.push({ from: "student", asked, logits, trust });
  }
  return answers;
}

function ask(adviser: Adviser, asked: readonly AskedText[], name: string, { cacheFolder }: Taught, log: Log) {
  return keptLogits(
    adviser,
    asked.map(({ ids }) => ids),
    { cacheFolder: join(cacheFolder, "logits"), onProgress: printShare(`answers of ${name}`, "tokens", log) },
  );
}

/** A text that has labels of a task, or of none (null). */
export interface TaskText extends AskedText {
  readonly task: string | null;
}

/** Labelled texts of the tasks that learn, and all unlabelled ones. */
function askableTexts({ corpus, tasks, tokenizer }: Taught): TaskText[] {
  const labelled = tasks
    .filter(({ task }) => isTaught(task))
    .flatMap(({ task: { name }, examples }) => examples.map(({ ids, dataSet }) => ({ ids, dataSet, task: name })));
  const others = corpus.unlabelled.map(({ language, text }) => ({
    ids: tokenizer.encode(text, trainingMaxTokens).ids,
    dataSet: unlabelledSet(language),
    task: null,
  }));
  return [...labelled, ...others];
}

function choose(texts: readonly AskedText[], tokens: number, seed: number): AskedText[] {
  return textsToAsk(texts, { tokens, seed, dataSetShare: shareOf });
}
