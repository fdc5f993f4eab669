import { dirname, join } from "node:path";
import type { Manifest } from "../src/contract/manifest.ts";
import type { Task } from "../src/tasks/task.ts";
import { type Flags, type Log, runCommand } from "./command/command.ts";
import { listOf } from "./command/list-flag.ts";
import { studentFlags } from "./command/student-flags.ts";
import { readEnsemble } from "./complete/ensemble.ts";
import { tasksName } from "./complete/tasks-name.ts";
import { presets } from "./config.ts";
import type { Corpus } from "./corpus/assemble.ts";
import { loadCorpus } from "./corpus/load.ts";
import { readSources } from "./corpus/sources.ts";
import { addTasks } from "./learn/add-tasks.ts";
import { refuseRollout, replaceServed } from "./learn/replace-served.ts";
import { takeUpStudents } from "./learn/take-up-students.ts";
import { lockRun } from "./run-lock.ts";

const { teacher: _, ...flags } = studentFlags;

/** `npm run add-task`: students that are served learn more tasks, and answer the others as before. */
await runCommand(
  {
    name: "npm run add-task",
    about:
      "Teaches students that are served more tasks of your data: a head for each on the encoder as it is, in little more than the time\n" +
      "that it takes to read the rows. What they answer to other tasks stays the same, to the last digit. A task that was added before\n" +
      "is learned anew, and so is one over pairs (--tasks adequacy).",
    flags: {
      ...flags,
      tasks: {
        type: "string",
        value: "name,name",
        doc: "add these tasks (default: all of the data folders' that the student does not have)",
      },
      ensemble: {
        type: "string",
        value: "folder,folder",
        doc: "students, such as models/budget-3ms, whose mean answer is learned beside the labels, for those of the tasks that they have",
      },
      promote: {
        type: "string",
        doc: "whether the student with more tasks replaces the one in models/",
        choices: ["always", "never"],
        default: "always",
      },
      id: { type: "string", value: "name", doc: "name of the run", default: "served" },
      seed: { type: "integer", doc: "seed of everything random", default: 1 },
    },
  },
  add,
);

async function add(flags: Flags, log: Log): Promise<void> {
  const { models, threads, seed, promote: when } = flags;
  const { limits } = presets[flags.preset as keyof typeof presets];
  const run = join(flags.runs, flags.id);
  const unlock = lockRun(run);
  const { wanted } = await readSources(flags.data, listOf(flags, "tasks"));
  const ensemble = { members: readEnsemble(listOf(flags, "ensemble") ?? []), cacheFolder: join(flags.runs, "cache") };
  const corpora = new Map<string, Corpus>();
  for (const candidate of takeUpStudents(models, listOf(flags, "students"), run)) {
    const { manifest, files } = candidate;
    const tasks = listOf(flags, "tasks") ?? newTasks(wanted, manifest);
    if (tasks.length === 0) {
      log(`${manifest.name} · has all tasks of these data; --tasks learns one anew that was added to it`);
      continue;
    }
    if (when !== "never") refuseRollout(models, manifest);
    const key = tasks.join();
    const corpus = corpora.get(key) ?? (await loadCorpus(flags.data, { seed, limits, tasks }));
    corpora.set(key, corpus);
    const folder = join(dirname(files.folder), `with-${tasksName(tasks)}`);
    const added = await addTasks({ threads, seed, ensemble }, corpus, candidate, folder, log);
    if (when === "never") log(`${manifest.name} · left in ${folder}: --promote never`);
    else replaceServed(models, manifest, added, tasks, log);
  }
  unlock();
}

/** Those that the student lacks. */
function newTasks(wanted: readonly Task[], { tasks: own }: Manifest): string[] {
  return wanted.map(({ name }) => name).filter((task) => !own.some((known) => known.name === task));
}
