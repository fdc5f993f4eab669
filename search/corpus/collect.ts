import { BadFileError } from "../../src/errors.ts";
import type { Task } from "../../src/tasks/task.ts";
import { type DataSet, identificationTask, isLabelledByLanguage, unlabelledTask } from "./datasets.ts";
import { handlingOf } from "./known-sets.ts";
import { languageReader } from "./language-codes.ts";
import type { Limits } from "./limits.ts";
import { ownCopy, type Row, readRows } from "./read-rows.ts";
import { Reservoir, randomFor } from "./reservoir.ts";
import { type HeldOut, type Use, useOf } from "./split.ts";

/** The rows that were drawn from one data set, by use. */
export interface Collected {
  readonly set: DataSet;
  readonly train: readonly Row[];
  readonly validation: readonly Row[];
  readonly lexicon: readonly Row[];
  /** What the cells of all training rows say, drawn or not. */
  readonly labels: ReadonlySet<string>;
  /** Names of splits that are only held out, as far as anybody would read them. */
  readonly heldOutSplits: ReadonlySet<string>;
}

/** Of names in a column that holds something else. */
const mostNamed = 8;

/** Students of other seeds are judged by the same rows, or their scores could not be compared. */
const validationSeed = 1;

/**
 * Draws at most a limit of rows per language from a set, and notes in `heldOut` the texts that are not for training.
 * @param task what the set feeds; undefined for unlabelled text.
 * @throws {BadFileError} as `readRows()`, and for a label that the task does not know.
 */
export async function collect(
  folder: string,
  set: DataSet,
  task: Task | undefined,
  seed: number,
  limits: Limits,
  heldOut: HeldOut,
): Promise<Collected> {
  const keeps = labelCheck(folder, set, task);
  const labels = new Set<string>();
  const heldOutSplits = new Set<string>();
  const drawn = new Map<string, { use: Use; reservoir: Reservoir<Row> }>();
  const withLanguage = languageCorrection(set);
  const says = informativeness(set);
  for await (const rows of readRows(folder, set)) {
    for (const read of rows) {
      const use = useOf(read.split);
      if (isHeldOut(use)) heldOut.add(read);
      if (use === "held-out") {
        addSplit(heldOutSplits, read.split);
        continue;
      }
      const row = says(read, use) ? withLanguage(read) : null;
      if (row === null || !keeps(row)) continue;
      if (use === "train" && task?.labels === null && !labels.has(row.label)) labels.add(ownCopy(row.label));
      reservoirOf(drawn, set, row, use, seed, limits).offer(row);
    }
  }
  const detach = detacher(set, task);
  const of = (use: Use) => [...drawn.values()].flatMap((d) => (d.use === use ? d.reservoir.items.map(detach) : []));
  return { set, train: of("train"), validation: of("validation"), lexicon: of("lexicon"), labels, heldOutSplits };
}

function isHeldOut(use: Use): boolean {
  return use === "validation" || use === "held-out";
}

function addSplit(splits: Set<string>, split: string): void {
  if (splits.size < mostNamed && !splits.has(split)) splits.add(ownCopy(split));
}

/** Whether the label of a row is known to say something about its text. */
function informativeness(set: DataSet): (row: Row, use: Use) => boolean {
  const { leftOut = [], baseless = [] } = handlingOf(set.name);
  return (row, use) => !leftOut.includes(row.kind ?? "") && !(use === "train" && baseless.includes(row.language));
}

/**
 * A row under the right code of its language; null when nobody knows it. That code is its label too where the set has no other, or, of
 * language identification, where the label was the wrong code.
 */
function languageCorrection(set: DataSet): (row: Row) => Row | null {
  const languageOf = languageReader(set.name);
  const isLabelled = isLabelledByLanguage(set);
  const isLabel = (row: Row) => isLabelled || (set.task === identificationTask && row.label === row.language);
  return (row) => {
    const language = languageOf(row.language);
    if (language === null || language === row.language) return language === null ? null : row;
    return { ...row, language, ...(isLabel(row) && { label: language }) };
  };
}

function reservoirOf(
  drawn: Map<string, { use: Use; reservoir: Reservoir<Row> }>,
  set: DataSet,
  row: Row,
  use: Use,
  seed: number,
  limits: Limits,
): Reservoir<Row> {
  const known = drawn.get(`${use} ${row.language}`);
  if (known) return known.reservoir;
  const key = ownCopy(`${use} ${row.language}`);
  const random = randomFor(use === "validation" ? validationSeed : seed, `${set.name} ${key}`);
  const reservoir = new Reservoir<Row>(mostPerLanguage(set, use, limits), random);
  drawn.set(key, { use, reservoir });
  return reservoir;
}

function mostPerLanguage(set: DataSet, use: Use, limits: Limits): number {
  if (use === "validation") return limits.validationPerLanguage;
  if (set.task === unlabelledTask) return limits.poolPerLanguage;
  return Math.min(limits.labelledPerLanguage, handlingOf(set.name).perLanguage ?? Number.POSITIVE_INFINITY);
}

/** Whether a row says something about its task; throws for a label that the task does not know. */
function labelCheck(folder: string, set: DataSet, task: Task | undefined): (row: Row) => boolean {
  if (task === undefined) return () => true;
  const { labels } = task;
  if (labels === null) return (row) => row.label !== "";
  return (row) => {
    if (row.label === "") return false;
    if (task.toTarget(row, labels, set.name)) return true;
    throw new BadFileError(
      `${folder}/${set.file}:${row.line}: ${JSON.stringify(row.label)} is no label of ${task.name}`,
    );
  };
}

/**
 * Rows without the chunk of the file that their strings are slices of, words joined where the set split them, labels by their names: a
 * student that others have named in another order is judged by these rows too.
 */
function detacher(set: DataSet, task: Task | undefined): (row: Row) => Row {
  const known = new Map<string, string>();
  const shared = (cell: string) => known.get(cell) ?? remember(known, ownCopy(cell));
  const labels = task?.labels ?? null;
  const named = (cell: string) => (labels === null ? cell : (task?.toLabel?.(cell, labels) ?? cell));
  const { tokenised, letters } = handlingOf(set.name);
  const clean = tokenised ? joinTokens : (text: string) => text;
  return (row) => {
    const { dataSet, line, kind } = row;
    const text = ownCopy(withLetters(clean(row.text), letters?.[row.language]));
    const own = {
      split: shared(row.split),
      language: shared(row.language),
      label: shared(named(row.label)),
      text,
      dataSet,
      line,
      ...(kind === undefined ? {} : { kind: shared(kind) }),
    };
    return row.pair === undefined ? own : { ...own, pair: ownCopy(clean(row.pair)) };
  };
}

function withLetters(text: string, letters: Readonly<Record<string, string>> | undefined): string {
  return letters === undefined ? text : text.replace(/[^ -~]/g, (letter) => letters[letter] ?? letter);
}

function remember(known: Map<string, string>, cell: string): string {
  known.set(cell, cell);
  return cell;
}

const unspaced = "[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\u3000-\u303f\uff00-\uffef]";
const spaceInside = new RegExp(`(?<=${unspaced}) (?=\\S)|(?<=\\S) (?=${unspaced})`, "gu");

/** Undoes tokenisation: no space before closing punctuation, none beside Chinese and Japanese characters. */
export function joinTokens(text: string): string {
  return text
    .replace(/ (?=[.,!?;:)\]}%]( |$))/g, "")
    .replace(/(?<=[([{]) /g, "")
    .replace(spaceInside, "");
}
