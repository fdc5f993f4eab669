import { join } from "node:path";
import { calibrateFromProduction } from "./calibrate-from-production.ts";
import { runCommand } from "./command/command.ts";
import { completeStudent } from "./complete/complete.ts";
import { forEachBudget } from "./complete/each-budget.ts";
import type { Candidate } from "./complete/export-candidate.ts";
import { promoteIfBetter } from "./complete/promote.ts";
import { renewEnsembles } from "./complete/renew-ensembles.ts";
import { rivalScores } from "./complete/rival-scores.ts";
import { searchCommand, toSearchConfig } from "./config.ts";
import { explore } from "./explore/explore.ts";
import { winnersOf } from "./explore/given-architectures.ts";
import { checkFeedback, withCorrections } from "./learn/learn-corrections.ts";
import { showPlan } from "./plan.ts";
import { prepare } from "./prepare.ts";
import { formatFront } from "./reward/report.ts";
import { paretoFront } from "./reward/reward.ts";
import { lockRun } from "./run-lock.ts";
import { studentName } from "./student-name.ts";
import { startTime } from "./time/start-time.ts";
import { keepReport } from "./write-report.ts";

/** corpus → teacher → propose → distil → reward → tell → distil in full → heads → corrections → export → ensembles; or, with --metrics, production → reward. */
await runCommand(searchCommand, async (flags, log) => {
  const config = toSearchConfig(flags);
  if (config.dryRun) return showPlan(config, log);
  if (config.metrics.urls.length > 0) return calibrateFromProduction(config, log);
  checkFeedback(config.feedback);
  const unlock = lockRun(join(config.runs, config.id));
  const time = await startTime(config, log);
  const materials = await prepare(time.config, log);
  const trials = await explore(time, materials, log);
  log(formatFront(paretoFront(trials)));
  const finished: Candidate[] = [];
  const failure = await forEachBudget(winnersOf(trials, config, log), log, async (budgetMs, { architecture }, left) => {
    const name = studentName(materials.corpus.tasks, config.name, budgetMs);
    const fitted = time.completion(name, left);
    const student = await completeStudent(fitted, materials, name, architecture, log);
    const candidate = await withCorrections(fitted, materials, student, log);
    const rival = await rivalScores(config, candidate, materials.corpus, log);
    promoteIfBetter({ ...config, rival }, candidate, log);
    finished.push(candidate);
  });
  await renewEnsembles(config, finished, materials.corpus, log);
  time.close();
  keepReport(config, log);
  log(`report · ${join(config.runs, config.id, "report.html")}`);
  unlock();
  // Those that were made have their ensembles and their place in the report all the same.
  if (failure !== null) throw failure;
});
