import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Task } from "../src/tasks/task.ts";
import type { Log } from "./command/command.ts";
import type { SearchConfig } from "./config.ts";
import { readSources } from "./corpus/sources.ts";
import { duration } from "./progress.ts";
import { studentName } from "./student-name.ts";
import { estimate } from "./time/estimate.ts";
import { measureProspects } from "./time/start-time.ts";
import { fittedEffort } from "./time/time-budget.ts";

/** `--dry-run`: what the search would do, in the order in which it would do it, and how long each part takes. */
export async function showPlan(config: SearchConfig, log: Log): Promise<void> {
  const { sets, wanted } = await readSources(config.data, config.tasks ?? undefined);
  log(`run ${config.id} in ${join(config.runs, config.id)}, seed ${config.seed}, ${config.threads} threads`);
  log(`data: ${sets.length} sets, of ${config.data.join(", ") || "the sample that comes with the project"}`);
  log(`tasks: ${wanted.map(({ name }) => name).join(", ")}`);
  if (existsSync(config.teacher)) await showTimes(config, wanted, log);
  else {
    log(`teacher: ${config.teacher}, from the hub; how long it takes can be said when it is here`);
    showEffort(config, log);
  }
  const names = config.budgetsMs.map((budgetMs) => studentName(wanted, config.name, budgetMs));
  log(`then ${names.map((name) => join(config.models, name)).join(", ")}, where better than what is there`);
}

async function showTimes(config: SearchConfig, tasks: readonly Task[], log: Log): Promise<void> {
  const prospects = await measureProspects(config, tasks, log);
  const effort = config.hours === null ? config.effort : fittedEffort(config.effort, config.hours, prospects).effort;
  showEffort({ ...config, effort }, log);
  const { stages, seconds } = estimate(effort, prospects);
  for (const stage of stages) log(`  ${duration(stage.seconds).padStart(8)}  ${stage.name}`);
  log(
    `  ${duration(seconds).padStart(8)}  in all, reading the data left out; what runs/ holds already is not done again`,
  );
}

function showEffort(config: SearchConfig, log: Log): void {
  const { effort, teacher, controller, architectures } = config;
  log(`teacher: ${teacher}, ${tunedTeachers(config)}`);
  const trials = architectures === null ? effort.trials : new Set(architectures).size;
  const what = architectures === null ? `controller ${controller}` : "one of each architecture that is given";
  log(`trials: ${trials} of ${tokens(effort.trialTokens)}, ${what}`);
  log(
    `students: distilled on ${tokens(effort.distilTokens)}, tasks on ${tokens(effort.headTokens)} ` +
      `(static: ${tokens(effort.staticHeadTokens)})`,
  );
}

/** What stands beside the teacher, or in its place. */
function tunedTeachers({ effort, tunedTeachers: given }: SearchConfig): string {
  if (given.length > 0) return `fine-tuned before: ${given.join(", ")}`;
  return effort.teacherTokens === 0
    ? "as it is"
    : `and one for each task, fine-tuned on ${tokens(effort.teacherTokens)}`;
}

function tokens(count: number): string {
  return `${count.toLocaleString("en-US")} tokens`;
}
