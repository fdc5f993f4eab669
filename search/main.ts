import { runCommand } from "./command.ts";
import { completeStudent } from "./complete.ts";
import { searchCommand, toSearchConfig } from "./config.ts";
import { explore } from "./explore.ts";
import { showCalibration } from "./feedback.ts";
import { showPlan } from "./plan.ts";
import { prepare } from "./prepare.ts";
import { promoteIfBetter } from "./promote.ts";
import { formatFront } from "./reward/report.ts";
import { bestPerBudget, paretoFront } from "./reward/reward.ts";

/** corpus → teacher → propose → distil → reward → tell → distil in full → heads → export; or, with --metrics, production → reward. */
await runCommand(searchCommand, async (flags, log) => {
  const config = toSearchConfig(flags);
  if (config.dryRun) return showPlan(config, log);
  if (config.metrics !== null) return showCalibration(config, config.metrics, log);
  const materials = await prepare(config, log);
  const trials = await explore(config, materials, log);
  log(formatFront(paretoFront(trials)));
  for (const { budgetMs, trial } of bestPerBudget(trials, config.budgetsMs)) {
    if (trial === null) {
      log(`${budgetMs} ms · no trial meets this budget; --trials raises the number that are tried`);
      continue;
    }
    const candidate = await completeStudent(config, materials, `budget-${budgetMs}ms`, trial.architecture, log);
    promoteIfBetter(config, candidate, log);
  }
});
