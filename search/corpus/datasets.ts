import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { BadFileError } from "../../src/errors.ts";
import { fromJson, reasonOf } from "../../src/json-file.ts";
import { TaskDeclaration } from "../../src/tasks/declared.ts";
import { tasks } from "../../src/tasks/index.ts";

/** `task` of sets of unlabelled text. */
export const unlabelledTask = "corpus";

/** `task` of sets for language identification: their texts are also unlabelled ones. */
export const identificationTask = "langid";

/**
 * One file of a data folder, as its `datasets.json` describes it. The columns have fixed names:
 * `lang`, `text` (or `src_lang`, `tgt_lang`, `source`, `target` for pairs), `label` or `score`, `split`; further columns
 * are allowed and not read. Without a `split` column every row is training text, but for the `validationShare`; without a
 * label column the language is the label; without a `lang` column all rows are of the one language of `languages`.
 */
export const DataSet = z
  .looseObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/i, "letters, digits, _ and -"),
    /** What it feeds: `dataTask` of a built-in task, name of a declared one, or `corpus` for unlabelled text. */
    task: z.string().min(1),
    /** Path below the folder: `.tsv`, or gzipped `.tsv.gz`. */
    file: z.string().regex(/^(?!.*\.\.)[a-z0-9_][a-z0-9_./-]*\.tsv(\.gz)?$/i, "a .tsv or .tsv.gz below the folder"),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    columns: z.array(z.string().min(1)).min(2),
    languages: z.array(z.string()).optional(),
    licence: z.string().min(1),
    source: z.string().min(1),
    /** Column that holds the label, when it is neither `label` nor `score`. */
    labelColumn: z.string().optional(),
    /** Of a set without a `split` column: this share of its texts, chosen by their hash, is for validation. */
    validationShare: z.number().gt(0).lt(1).optional(),
    /** Weight of its training rows in a loss. */
    weight: z.number().positive().optional(),
  })
  .check((context) => {
    const lacks = missingColumns(context.value);
    const refuse = (path: string, message: string) =>
      context.issues.push({ code: "custom", input: context.value, path: [path], message });
    if (lacks.length > 0) refuse("columns", `lacks the column ${lacks.join(", ")}`);
    if (isLabelledTwice(context.value))
      refuse("labelColumn", "there are the columns label and score: labelColumn says which of them is the label");
    if (context.value.validationShare !== undefined && context.value.columns.includes("split"))
      refuse("validationShare", "the column split says already what is for validation");
  });
export type DataSet = Readonly<z.infer<typeof DataSet>>;

const DataSets = z.array(DataSet).min(1);
const Declaring = z.strictObject({ tasks: z.array(TaskDeclaration).default([]), dataSets: DataSets });

/** What a `datasets.json` says: its sets, and the tasks that it declares besides the built-in ones. */
export interface DataFolder {
  readonly tasks: readonly TaskDeclaration[];
  readonly dataSets: readonly DataSet[];
}

/** Reads a folder's `datasets.json`. @throws {BadFileError} when it is missing or wrong, or a set's task is unknown. */
export async function readDataFolder(folder: string): Promise<DataFolder> {
  const path = join(folder, "datasets.json");
  const content = parse(path, await readText(path));
  refuseTwice(path, "sets are", content.dataSets);
  refuseTwice(path, "tasks are", content.tasks);
  for (const declaration of content.tasks) refuseBuiltIn(path, declaration);
  for (const set of content.dataSets) checkTask(path, set, content.tasks);
  return content;
}

function refuseTwice(path: string, what: string, items: readonly { readonly name: string }[]): void {
  const names = items.map((item) => item.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw new BadFileError(`${path}: two ${what} named ${twice}`);
}

const reserved: ReadonlySet<string> = new Set([unlabelledTask, ...tasks.flatMap((t) => [t.name, t.dataTask])]);

function refuseBuiltIn(path: string, { name }: TaskDeclaration): void {
  if (reserved.has(name))
    throw new BadFileError(
      `${path}: ${name} is built in and cannot be declared again: give your task another name, or leave the declaration out`,
    );
}

/** What says which task a set feeds, and whether it can. */
type FeedingSet = Pick<DataSet, "name" | "task" | "columns" | "labelColumn">;

/** A set has to be for a known task and of its kind. @throws {BadFileError} */
export function checkTask(path: string, set: FeedingSet, declarations: readonly TaskDeclaration[]): void {
  const names = [...tasks.map((t) => t.dataTask), unlabelledTask, ...declarations.map((t) => t.name)];
  if (!names.includes(set.task))
    throw new BadFileError(
      `${path}: ${set.name} is for the unknown task ${set.task} (known: ${names.join(", ")}; others are declared in "tasks")`,
    );
  const declared = declarations.find((t) => t.name === set.task);
  // What is no task is unlabelled text.
  const input = declared?.input ?? tasks.find((t) => t.dataTask === set.task)?.input ?? "text";
  const rows = { text: "single texts", pair: "pairs of texts (columns source and target)" };
  const found = isOfPairs(set) ? "pair" : "text";
  if (input !== found)
    throw new BadFileError(`${path}: ${set.name} holds ${rows[found]}, but ${set.task} is a task over ${rows[input]}`);
  if (declared && !hasLabels(set))
    throw new BadFileError(`${path}: ${set.name} lacks a column label (or score, or the labelColumn that it names)`);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new BadFileError(`${path}: cannot be read (a data folder holds a datasets.json)`, { cause });
  }
}

function parse(path: string, text: string): DataFolder {
  try {
    const content = fromJson(text, z.unknown());
    // Each form by itself: of a union that does not fit, zod cannot say which form was meant.
    return Array.isArray(content) ? { tasks: [], dataSets: DataSets.parse(content) } : Declaring.parse(content);
  } catch (cause) {
    throw new BadFileError(`${path}: ${reasonOf(cause)}`, { cause });
  }
}

/** Whether its rows are pairs of texts. */
export function isOfPairs({ columns }: Pick<DataSet, "columns">): boolean {
  return columns.includes("source") || columns.includes("target");
}

/** Whether the label of a row is its language. */
export function isLabelledByLanguage(set: Pick<DataSet, "columns" | "labelColumn">): boolean {
  return set.labelColumn === "lang" || !hasLabels(set);
}

function hasLabels({ columns, labelColumn }: Pick<DataSet, "columns" | "labelColumn">): boolean {
  return labelColumn !== undefined || columns.includes("label") || columns.includes("score");
}

function isLabelledTwice({ columns, labelColumn }: Pick<DataSet, "columns" | "labelColumn">): boolean {
  return labelColumn === undefined && columns.includes("label") && columns.includes("score");
}

function missingColumns(set: DataSet): string[] {
  const { columns, labelColumn, languages } = set;
  const language = languages?.length === 1 ? [] : ["lang"];
  const ofPairs = ["src_lang", "tgt_lang", ...(hasLabels(set) ? [] : ["score"]), "source", "target"];
  const needed = isOfPairs(set) ? ofPairs : [...language, "text"];
  return [...needed, ...(labelColumn ? [labelColumn] : [])].filter((name) => !columns.includes(name));
}
