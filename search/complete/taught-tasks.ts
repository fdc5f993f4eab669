import { join } from "node:path";
import type { Task } from "../../src/tasks/task.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { shareOf, unlabelledSet } from "../corpus/known-sets.ts";
import { checkTeachers } from "../heads/check-labels.ts";
import { type Adviser, keptLogits } from "../heads/kept-logits.ts";
import {
  type Answers,
  type AskedText,
  isTaught,
  learnsAnswers,
  textsToAsk,
  withSoftTargets,
} from "../heads/soft-targets.ts";
import { teacherAdviser } from "../heads/teacher-classifier.ts";
import { fullTrust, type Trust } from "../heads/teacher-trust.ts";
import { type Materials, trainingMaxTokens } from "../prepare.ts";
import { printShare } from "../progress.ts";
import { type EncodedTask, encoderOf } from "../student/encoded-task.ts";
import type { FineTunedTeacher } from "../teacher/fine-tune.ts";
import { checkEnsemble, type Ensemble, memberAdviser } from "./ensemble.ts";

/** Of texts, and of pairs. An ensemble of students is many times faster than the teacher. */
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
  checkEnsemble(ensemble, materials.tokenizerPath, materials.tasks);
  const texts = askableTexts(materials);
  const asked = teachers.length === 0 ? [] : choose(believable(texts, teachers, trust), effort.softTokens, seed);
  const students = { ensemble, seed, threads, trust: whatIsLeft(teachers, trust) };
  const answers = [
    ...(await askTeachers(teachers, asked, trust, threads, materials, log)),
    ...(await askEnsemble("text", texts, students, materials, log)),
    ...(await askEnsemble("pair", askablePairs(materials), students, materials, log)),
  ];
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

async function askTeachers(
  teachers: readonly FineTunedTeacher[],
  asked: readonly AskedText[],
  trust: Trust,
  threads: number,
  materials: Taught,
  log: Log,
): Promise<Answers[]> {
  const answers: Answers[] = [];
  for (const teacher of teachers) {
    const adviser = teacherAdviser(teacher, threads);
    const logits = await ask(adviser, asked, `the teacher of ${adviser.tasks.join(", ")}`, materials, log);
    answers.push({ from: "teacher", asked, logits, trust });
  }
  return answers;
}

interface Students {
  readonly ensemble: Ensemble;
  readonly trust: Trust;
  readonly seed: number;
  readonly threads: number;
}

/** What the members say of texts, or of pairs, for all tasks over such. */
async function askEnsemble(
  input: Task["input"],
  texts: readonly AskedText[],
  { ensemble, trust, seed, threads }: Students,
  materials: Taught,
  log: Log,
): Promise<Answers[]> {
  const learning = materials.tasks.filter(({ task }) => task.input === input && learnsAnswers(task));
  const tasks = learning.map(({ task }) => task.name);
  if (tasks.length === 0) return [];
  const asked = choose(texts, ensembleTokens, seed);
  const answers: Answers[] = [];
  for (const member of ensemble) {
    const adviser = memberAdviser(member, tasks, materials.tokenizer, threads);
    const logits = await ask(adviser, asked, member.manifest.name, materials, log);
    answers.push({ from: "student", asked, logits, trust });
  }
  return answers;
}

function ask(adviser: Adviser, asked: readonly AskedText[], name: string, { cacheFolder }: Taught, log: Log) {
  const onProgress = printShare(`answers of ${name}`, "tokens", log);
  return keptLogits(adviser, asked, { cacheFolder: join(cacheFolder, "logits"), onProgress });
}

/** A text that has labels of a task, or of none (null). */
export interface TaskText extends AskedText {
  readonly task: string | null;
}

/** Labelled texts of the tasks that learn, and all unlabelled ones. */
function askableTexts({ corpus, tasks, tokenizer }: Taught): TaskText[] {
  const labelled = tasks
    .filter(({ task }) => isTaught(task))
    .flatMap(({ task: { name }, examples }) => examples.map((example) => ({ ...example, task: name })));
  const encode = encoderOf(tokenizer, trainingMaxTokens);
  const others = corpus.unlabelled.map(({ language, text }) => ({
    ...encode(text, undefined),
    dataSet: unlabelledSet(language),
    task: null,
  }));
  return [...labelled, ...others];
}

/** Labelled pairs of the tasks that learn; nobody has pairs without labels. */
function askablePairs({ tasks }: Taught): readonly AskedText[] {
  return tasks.flatMap(({ task, examples }) => (task.input === "pair" && learnsAnswers(task) ? examples : []));
}

function choose(texts: readonly AskedText[], tokens: number, seed: number): AskedText[] {
  return textsToAsk(texts, { tokens, seed, dataSetShare: shareOf });
}
