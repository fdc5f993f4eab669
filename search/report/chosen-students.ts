import { architectureName } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { bestPerBudget } from "../reward/reward.ts";
import { budgetOf } from "../student-name.ts";
import type { FinishedStudent, ReportData } from "./report-data.ts";

/**
 * One student a name, in their order: where further trials changed a budget's winner, the run holds the one before it as well. The served
 * one; else that of the architecture that wins its budget; else the newest.
 */
export function chosenStudents({ students, trials, budgetsMs }: ReportData): FinishedStudent[] {
  const winners = new Map(
    bestPerBudget(trials, budgetsMs).map(({ budgetMs, trial }) => [
      budgetMs,
      trial === null ? null : architectureName(trial.architecture),
    ]),
  );
  const names = [...new Set(students.map(({ manifest }) => manifest.name))];
  const chosen = names.map((name) => {
    const budgetMs = budgetOf(name);
    const own = students.filter(({ manifest }) => manifest.name === name);
    return chooseOne(own, budgetMs === null ? null : (winners.get(budgetMs) ?? null));
  });
  return students.filter((student) => chosen.includes(student));
}

function chooseOne(students: readonly FinishedStudent[], winner: string | null): FinishedStudent {
  const newestFirst = [...students].sort((a, b) => Date.parse(b.manifest.created) - Date.parse(a.manifest.created));
  const served = newestFirst.find(({ isServed }) => isServed);
  const winning = newestFirst.find(({ manifest }) => architectureName(manifest.architecture) === winner);
  return served ?? winning ?? must(newestFirst[0]);
}
