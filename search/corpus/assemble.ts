import { must } from "../../src/invariant.ts";
import { shuffle } from "../../src/random.ts";
import type { LabelledRow, Task } from "../../src/tasks/task.ts";
import type { Collected } from "./collect.ts";
import { type DataSet, identificationTask, unlabelledTask } from "./datasets.ts";
import { foundLabels } from "./found-labels.ts";
import { handlingOf } from "./known-sets.ts";
import type { Limits } from "./limits.ts";
import { groupBy, type LabelledExample, type Material, type Preparation } from "./preparation.ts";
import { prepareAdequacy } from "./prepare-adequacy.ts";
import { prepareFilter } from "./prepare-filter.ts";
import { prepareLanguage } from "./prepare-language.ts";
import type { Row } from "./read-rows.ts";
import { randomFor } from "./reservoir.ts";
import type { HeldOut } from "./split.ts";

/** All that a search learns from and is judged on. */
export interface Corpus {
  readonly tasks: readonly Task[];
  /** Training examples by task name, in random order. */
  readonly train: ReadonlyMap<string, readonly LabelledExample[]>;
  /** Labels by task name, in the order of the logits. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
  readonly validation: readonly ValidationSet[];
  /** Texts for distillation, in random order. */
  readonly unlabelled: readonly { readonly language: string; readonly text: string }[];
  /** Texts of validation and test rows, which nothing may be trained on. */
  readonly heldOut: HeldOut;
  /** Sets of the tasks that have no training rows, and the splits of theirs that are only held out, as `test` is. @default none */
  readonly unlearned?: readonly UnlearnedSet[];
  /** For cards: what was used. */
  readonly dataSets: readonly { readonly name: string; readonly licence: string; readonly source: string }[];
}

interface UnlearnedSet {
  readonly task: string;
  readonly dataSet: string;
  readonly splits: readonly string[];
}

/** Rows that a task is judged on together. */
export interface ValidationSet {
  readonly task: string;
  readonly dataSet: string;
  readonly language: string;
  readonly rows: readonly LabelledRow[];
}

/** Tasks whose examples are more than their labelled rows. */
const preparations: Readonly<Record<string, Preparation>> = {
  filter: prepareFilter,
  language: prepareLanguage,
  adequacy: prepareAdequacy,
};

const asLabelled: Preparation = ({ task, labels, examples }) => ({ labels: task.labels ?? labels, examples });

export interface AssembleOptions {
  readonly seed: number;
  readonly limits: Limits;
  /** Every task that is known. */
  readonly all: readonly Task[];
  /** Those to be trained. */
  readonly wanted: readonly Task[];
}

/** Puts the rows of all sets together. `collected` holds no training row that is held out; no example made of them is. */
export function assemble(collected: readonly Collected[], heldOut: HeldOut, options: AssembleOptions): Corpus {
  const { seed, limits, all, wanted } = options;
  const pool = poolOf(collected, seed);
  const train = new Map<string, readonly LabelledExample[]>();
  const labels = new Map<string, readonly string[]>();
  // The languages that can be told apart are text to distil from, wanted as labels or not.
  const languages = all.filter((task) => task.dataTask === identificationTask);
  for (const task of new Set([...wanted, ...languages])) {
    const material = materialOf(task, collected, pool, seed, limits);
    const prepared = (preparations[task.name] ?? asLabelled)(material);
    labels.set(task.name, prepared.labels);
    const examples = prepared.examples.filter((example) => !heldOut.has(example));
    train.set(task.name, shuffle(examples, material.random));
  }
  const known = new Set(languages.flatMap((task) => labels.get(task.name) ?? []));
  const used = new Set([...wanted.map((task) => task.dataTask), unlabelledTask, identificationTask]);
  return {
    tasks: wanted,
    train: ofTasks(wanted, train),
    labels: ofTasks(wanted, labels),
    validation: wanted.flatMap((task) => validationOf(task, collected)),
    unlabelled: unlabelledOf(collected, pool, known, seed, limits),
    heldOut,
    unlearned: wanted.flatMap((task) => unlearnedOf(task, collected)),
    dataSets: collected
      .filter(({ set }) => used.has(set.task))
      .map(({ set: { name, licence, source } }) => ({ name, licence, source })),
  };
}

function ofTasks<T>(wanted: readonly Task[], all: ReadonlyMap<string, T>): Map<string, T> {
  return new Map(wanted.map(({ name }) => [name, must(all.get(name), name)]));
}

function unlearnedOf({ name: task, dataTask }: Task, collected: readonly Collected[]): UnlearnedSet[] {
  const lacks = ({ train, validation }: Collected) => train.length === 0 || validation.length === 0;
  const own = collected.filter((one) => one.set.task === dataTask && lacks(one));
  return own.map(({ set, heldOutSplits }) => ({ task, dataSet: set.name, splits: [...heldOutSplits] }));
}

function materialOf(
  task: Task,
  collected: readonly Collected[],
  pool: ReadonlyMap<string, readonly Row[]>,
  seed: number,
  limits: Limits,
): Material {
  const sets = collected.filter(({ set }) => set.task === task.dataTask);
  return {
    task,
    labels: foundLabels(task, sets),
    examples: sets.flatMap(({ set, train }) => train.map((row) => toExample(row, set))),
    lexicon: sets.flatMap(({ lexicon }) => lexicon),
    pool,
    validationLanguages: new Set(sets.flatMap(({ validation }) => validation.map((row) => row.language))),
    limits,
    random: randomFor(seed, `prepare ${task.name}`),
  };
}

function toExample(row: Row, set: DataSet): LabelledExample {
  const { text, language, label, dataSet } = row;
  const example = { text, language, label, dataSet, weight: set.weight ?? handlingOf(set.name).weight ?? 1 };
  return row.pair === undefined ? example : { ...example, pair: row.pair };
}

/** Unlabelled texts by language, each once, in random order. */
function poolOf(collected: readonly Collected[], seed: number): Map<string, Row[]> {
  const rows = collected.flatMap(({ set, train }) => (set.task === unlabelledTask ? train : []));
  const pool = groupBy(rows, (row) => row.language);
  for (const [language, texts] of pool)
    pool.set(language, shuffle(withoutRepeats(texts), randomFor(seed, `pool ${language}`)));
  return pool;
}

/** The pool, and the training texts of language identification for the languages that are labels. */
function unlabelledOf(
  collected: readonly Collected[],
  pool: ReadonlyMap<string, readonly Row[]>,
  labels: ReadonlySet<string>,
  seed: number,
  limits: Limits,
): Corpus["unlabelled"] {
  const identified = collected.flatMap(({ set, train }) => (set.task === identificationTask ? train : []));
  const more = groupBy(
    identified.filter((row) => labels.has(row.language)),
    (row) => row.language,
  );
  const languages = [...new Set([...pool.keys(), ...more.keys()])];
  const texts = languages.flatMap((language) =>
    withoutRepeats([...(pool.get(language) ?? []), ...(more.get(language) ?? [])]).slice(
      0,
      limits.unlabelledPerLanguage,
    ),
  );
  return shuffle(
    texts.map(({ language, text }) => ({ language, text })),
    randomFor(seed, "unlabelled"),
  );
}

function withoutRepeats(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [row.text, row])).values()];
}

function validationOf(task: Task, collected: readonly Collected[]): ValidationSet[] {
  return collected
    .filter(({ set }) => set.task === task.dataTask)
    .flatMap(({ set, validation }) =>
      Array.from(
        groupBy(validation, (row) => row.language),
        ([language, rows]) => ({
          task: task.name,
          dataSet: set.name,
          language,
          rows,
        }),
      ),
    );
}
