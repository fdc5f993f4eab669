import { fileURLToPath } from "node:url";
import { BadFileError } from "../../src/errors.ts";
import { createDeclaredTask, type TaskDeclaration } from "../../src/tasks/declared.ts";
import { tasks } from "../../src/tasks/index.ts";
import type { Task } from "../../src/tasks/task.ts";
import { chooseTasks } from "./choose-tasks.ts";
import { type DataSet, readDataFolder } from "./datasets.ts";

/** The sets written for this project, whose text every search learns from. */
const sampleFolder = fileURLToPath(new URL("sample", import.meta.url));
/** What stands for them in a list of folders. */
const sampleWord = "sample";

/** A set and where it lies. */
export interface Source {
  readonly folder: string;
  readonly set: DataSet;
}

export interface Sources {
  /** Of the given folders, then of the sample. */
  readonly sets: readonly Source[];
  /** Every task that is known. */
  readonly all: readonly Task[];
  /** Those to be trained. */
  readonly wanted: readonly Task[];
}

/**
 * What the data folders say of themselves, no row read.
 * @throws {BadFileError} @throws {ConfigError} for a task that there are no data for
 */
export async function readSources(
  folders: readonly string[],
  named: readonly string[] | "all" | undefined,
): Promise<Sources> {
  const given = new Set(folders.map((folder) => (folder === sampleWord ? sampleFolder : folder)));
  const homes = await Promise.all([...new Set([...given, sampleFolder])].map(readHome));
  const all = [...tasks, ...declaredTasks(homes)];
  const sets = homes.flatMap(({ folder, dataSets }) => dataSets.map((set) => ({ folder, set })));
  refuseTwins(sets);
  const offers = homes.map(({ folder, dataSets }) => ({ given: given.has(folder), dataSets }));
  return { sets, all, wanted: chooseTasks(all, offers, named) };
}

interface Home {
  readonly folder: string;
  readonly tasks: readonly TaskDeclaration[];
  readonly dataSets: readonly DataSet[];
}

async function readHome(folder: string): Promise<Home> {
  return { folder, ...(await readDataFolder(folder)) };
}

/** Folders may declare the same task, as long as they agree on what it is. */
function declaredTasks(homes: readonly Home[]): Task[] {
  const known = new Map<string, { declaration: TaskDeclaration; folder: string }>();
  for (const { folder, tasks } of homes)
    for (const declaration of tasks) {
      const other = known.get(declaration.name);
      if (other && JSON.stringify(other.declaration) !== JSON.stringify(declaration))
        throw new BadFileError(`${declaration.name} is declared otherwise in ${folder} than in ${other.folder}`);
      known.set(declaration.name, { declaration, folder });
    }
  return Array.from(known.values(), ({ declaration }) => createDeclaredTask(declaration));
}

/** Scores go by a set's name. */
function refuseTwins(sets: readonly Source[]): void {
  const known = new Map<string, string>();
  for (const { folder, set } of sets) {
    const other = known.get(set.name);
    if (other !== undefined) throw new BadFileError(`${folder} and ${other} both have a set named ${set.name}`);
    known.set(set.name, folder);
  }
}
