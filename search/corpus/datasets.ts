import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { BadFileError } from "../../src/errors.ts";

/**
 * One file of a data folder, as its `datasets.json` describes it. The columns have fixed names:
 * `lang`, `text` (or `src_lang`, `tgt_lang`, `source`, `target` for pairs), `label` or `score`, `split`; further columns
 * are allowed and not read. Without a `split` column every row is training text; without a label column the language is
 * the label.
 */
export const DataSet = z
  .looseObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/i, "letters, digits, _ and -"),
    /** `dataTask` of the task it feeds, or `corpus` for unlabelled text. */
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
    /** Weight of its training rows in a loss. */
    weight: z.number().positive().optional(),
  })
  .check((context) => {
    const lacks = missingColumns(context.value.columns, context.value.labelColumn);
    if (lacks.length > 0)
      context.issues.push({
        code: "custom",
        input: context.value.columns,
        path: ["columns"],
        message: `lacks the column ${lacks.join(", ")}`,
      });
  });
export type DataSet = Readonly<z.infer<typeof DataSet>>;

const DataSets = z.array(DataSet).min(1);

/** Every set of a data folder. @throws {BadFileError} when the folder or its `datasets.json` is missing or wrong. */
export async function readDataSets(folder: string): Promise<readonly DataSet[]> {
  const path = join(folder, "datasets.json");
  const sets = parse(path, await readText(path));
  const names = sets.map((set) => set.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw new BadFileError(`${path}: two sets are named ${twice}`);
  return sets;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new BadFileError(`${path}: cannot be read (a data folder holds a datasets.json)`, { cause });
  }
}

function parse(path: string, text: string): DataSet[] {
  try {
    return DataSets.parse(JSON.parse(text));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new BadFileError(`${path}: ${reason}`, { cause });
  }
}

function missingColumns(columns: readonly string[], labelColumn: string | undefined): string[] {
  const pair = columns.includes("source") || columns.includes("target");
  const needed = pair ? ["src_lang", "tgt_lang", "score", "source", "target"] : ["lang", "text"];
  return [...needed, ...(labelColumn ? [labelColumn] : [])].filter((name) => !columns.includes(name));
}
