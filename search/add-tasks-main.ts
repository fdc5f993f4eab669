import { join } from "node:path";
import type { Manifest } from "../src/contract/manifest.ts";
import { ConfigError } from "../src/errors.ts";
import { addTasks } from "./add-tasks.ts";
import { type Flags, type Log, runCommand } from "./command.ts";
import { presets } from "./config.ts";
import { loadCorpus } from "./corpus/load.ts";
import { readSources } from "./corpus/sources.ts";
import { promote } from "./export/export-student.ts";
import { followVersion } from "./follow-version.ts";
import { lockRun } from "./run-lock.ts";
import { studentFlags } from "./student-flags.ts";
import { takeUpStudents } from "./take-up-students.ts";

const { teacher: _, ...flags } = studentFlags;

/** `npm run add-task`: students that are served learn more tasks, and answer the others as before. */
await runCommand(
  {
    name: "npm run add-task",
    about:
      "Teaches students that are served more tasks over single texts, of your data: a head for each on the encoder as it is, within\n" +
      "seconds. What they answer to other tasks stays the same, to the last digit. A task that was added before is learned anew.",
    flags: {
      ...flags,
      tasks: {
        type: "string",
        value: "name,name",
        doc: "add these tasks (default: all of the data folders' that the student does not have)",
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
  const run = join(flags.runs, flags.id);
  const unlock = lockRun(run);
  for (const candidate of takeUpStudents(models, flags.students?.split(","), run)) {
    const { manifest, files } = candidate;
    const tasks = flags.tasks?.split(",") ?? (await newTasks(flags.data, manifest));
    const { limits } = presets[flags.preset as keyof typeof presets];
    const corpus = await loadCorpus(flags.data, { seed, limits, tasks });
    const folder = join(files.folder, "..", `with-${tasks.join("-")}`);
    const added = await addTasks({ threads, seed }, corpus, candidate, folder, log);
    const { name, version } = added.manifest;
    if (when === "never") log(`${name} · left in ${folder}: --promote never`);
    else {
      promote(added.files, models, name);
      followVersion(models, manifest, version);
      log(`${name} · now in ${join(models, name)} (version ${version})`);
    }
  }
  unlock();
}

/** @throws {ConfigError} when the student has them all */
async function newTasks(data: readonly string[], { name, tasks: own }: Manifest): Promise<string[]> {
  const { wanted } = await readSources(data, undefined);
  const fresh = wanted.filter(({ input }) => input === "text").map((task) => task.name);
  const tasks = fresh.filter((task) => !own.some((known) => known.name === task));
  if (tasks.length > 0) return tasks;
  throw new ConfigError(`${name} has all tasks of these data: ${fresh.join(", ")} (npm run train trains them further)`);
}
