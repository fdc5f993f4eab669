import { join } from "node:path";
import type { Task } from "../../src/tasks/task.ts";
import type { Log } from "../command/command.ts";
import type { SearchConfig } from "../config.ts";
import { readSources } from "../corpus/sources.ts";
import { givenArchitectures, makesStatics } from "../explore/given-architectures.ts";
import { isTaught } from "../heads/soft-targets.ts";
import { knownLatencies } from "../known-latencies.ts";
import { fitLatencyModel } from "../reward/latency-model.ts";
import { createSpace } from "../space/space.ts";
import { fetchTeacher } from "../teacher/hub.ts";
import { readTeacherArchitecture } from "../teacher/teacher.ts";
import type { Prospects } from "./estimate.ts";
import { measureThroughput } from "./throughput.ts";
import { noTimeBudget, openTimeBudget, type TimeBudget } from "./time-budget.ts";

/** The time that a search has: `--hours`, or as much as it takes. */
export async function startTime(config: SearchConfig, log: Log): Promise<TimeBudget> {
  if (config.hours === null) return noTimeBudget(config);
  const { wanted } = await readSources(config.data, config.tasks ?? undefined);
  return openTimeBudget(config, config.hours, await measureProspects(config, wanted, log), log);
}

/**
 * Measures this machine, for a search that trains these tasks.
 * @throws {BadFileError} without a teacher. @throws {ConfigError} as of `givenArchitectures`.
 */
export async function measureProspects(config: SearchConfig, tasks: readonly Task[], log: Log): Promise<Prospects> {
  const teacher = readTeacherArchitecture(await fetchTeacher(config.teacher, join(config.runs, "hub")));
  const given = givenArchitectures(config, teacher);
  log("time · measuring how fast this machine is");
  return {
    throughput: await measureThroughput(teacher, config),
    space: createSpace(teacher.vocabulary, teacher),
    budgetsMs: config.budgetsMs,
    model: fitLatencyModel([], knownLatencies(config.runs)),
    ngrams: tasks.some((task) => task.ngrams),
    taught: tasks.filter(isTaught).length,
    tuned: config.tunedTeachers.length,
    given,
    statics: makesStatics(config),
  };
}
