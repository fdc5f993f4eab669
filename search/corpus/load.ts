import { fileURLToPath } from "node:url";
import { BadFileError } from "../../src/errors.ts";
import { createDeclaredTask, type TaskDeclaration } from "../../src/tasks/declared.ts";
import { tasks } from "../../src/tasks/index.ts";
import { assemble, type Corpus } from "./assemble.ts";
import { chooseTasks } from "./choose-tasks.ts";
import { type Collected, collect } from "./collect.ts";
import { type DataSet, readDataFolder } from "./datasets.ts";
import { Limits } from "./limits.ts";
import { HeldOut } from "./split.ts";
import { readUdhr, udhrSet } from "./udhr.ts";

/** The sets written for this project, whose text every search learns from. */
const sampleFolder = fileURLToPath(new URL("sample", import.meta.url));
/** What stands for them in a list of folders. */
const sampleWord = "sample";

export interface CorpusOptions {
  readonly seed: number;
  readonly limits?: Partial<Limits>;
  /** Tasks to prepare. @default those that the folders have labelled sets of; without folders, the sample's */
  readonly tasks?: readonly string[] | "all";
}

/**
 * Reads data folders (none: only what comes with the project and npm) and the sample. The same folders, seed and limits
 * give the same corpus. @throws {BadFileError} @throws {ConfigError} for a task that there are no data for
 */
export async function loadCorpus(folders: readonly string[], options: CorpusOptions): Promise<Corpus> {
  const { seed } = options;
  const limits = Limits.parse(options.limits ?? {});
  const given = [...new Set(folders.map((folder) => (folder === sampleWord ? sampleFolder : folder)))];
  const homes = await Promise.all([...new Set([...given, sampleFolder])].map(readHome));
  const all = [...tasks, ...declaredTasks(homes)];
  refuseTwins(homes);
  const wanted = chooseTasks(
    all,
    homes.map(({ folder, dataSets }) => ({ given: given.includes(folder), dataSets })),
    options.tasks,
  );
  const heldOut = new HeldOut();
  const collected: Collected[] = [];
  for (const { folder, dataSets } of homes)
    for (const set of dataSets) {
      const task = all.find((t) => t.dataTask === set.task);
      collected.push(await collect(folder, set, task, seed, limits, heldOut));
    }
  if (!collected.some(({ set }) => set.name === udhrSet.name)) collected.push(await collectUdhr());
  return assemble(
    collected.map((c) => withoutHeldOut(c, heldOut)),
    heldOut,
    { seed, limits, all, wanted },
  );
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
function declaredTasks(homes: readonly Home[]) {
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
function refuseTwins(homes: readonly Home[]): void {
  const known = new Map<string, string>();
  for (const { folder, dataSets } of homes)
    for (const { name } of dataSets) {
      const other = known.get(name);
      if (other !== undefined) throw new BadFileError(`${folder} and ${other} both have a set named ${name}`);
      known.set(name, folder);
    }
}

async function collectUdhr(): Promise<Collected> {
  return { set: udhrSet, train: await readUdhr(), validation: [], lexicon: [], labels: new Set() };
}

function withoutHeldOut(collected: Collected, heldOut: HeldOut): Collected {
  return { ...collected, train: collected.train.filter((row) => !heldOut.has(row)) };
}
