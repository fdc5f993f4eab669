import { join } from "node:path";
import { runCommand } from "./command.ts";
import { completeStudent } from "./complete.ts";
import { searchCommand, toSearchConfig } from "./config.ts";
import { forEachBudget } from "./each-budget.ts";
import { explore } from "./explore.ts";
import { showCalibration } from "./feedback.ts";
import { showPlan } from "./plan.ts";
import { prepare } from "./prepare.ts";
import { promoteIfBetter } from "./promote.ts";
import { formatFront } from "./reward/report.ts";
import { bestPerBudget, paretoFront } from "./reward/reward.ts";
import { lockRun } from "./run-lock.ts";
import { startTime } from "./start-time.ts";
import { studentName } from "./student-name.ts";
import { keepReport } from "./write-report.ts";

/** corpus → teacher → propose → distil → reward → tell → distil in full → heads → export; or, with --metrics, production → reward. */
await runCommand(searchCommand, async (flags, log) => {
  const config = toSearchConfig(flags);
  if (config.dryRun) return showPlan(config, log);
  if (config.metrics !== null) return showCalibration(config, config.metrics, log);
  const unlock = lockRun(join(config.runs, config.id));
  const time = await startTime(config, log);
  const materials = await prepare(time.config, log);
  const trials = await explore(time, materials, log);
  log(formatFront(paretoFront(trials)));
  await forEachBudget(bestPerBudget(trials, config.budgetsMs), log, async (budgetMs, { architecture }, left) => {
    const name = studentName(materials.corpus.tasks, config.name, budgetMs);
    const fitted = time.completion(name, left);
    promoteIfBetter(config, await completeStudent(fitted, materials, name, architecture, log), log);
  });
  time.close();
  keepReport(config, log);
  log(`report · ${join(config.runs, config.id, "report.html")}`);
  unlock();
});
