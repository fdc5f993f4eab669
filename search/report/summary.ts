import { architectureName } from "../../src/contract/architecture.ts";
import { percent } from "../../src/percent.ts";
import { mean } from "../../src/stats.ts";
import { bestPerBudget } from "../reward/reward.ts";
import { okTrials } from "../space/trial.ts";
import { budgetOf } from "../student-name.ts";
import { element, textElement } from "./markup.ts";
import { cardLatency, type FinishedStudent, type ReportData, shareOfTeacher, taskScores } from "./report-data.ts";
import { count, list, megabytes, milliseconds, plainArchitecture, points, time } from "./wording.ts";

/** What was found and what it costs, in a sentence that begins with its numbers. */
export function headline({ trials, students, budgetsMs }: ReportData): string {
  const ok = okTrials(trials);
  const seconds = trials.reduce((sum, trial) => sum + trial.seconds, 0);
  const effort = `${trials.length} ${trials.length === 1 ? "trial" : "trials"}, ${time(seconds)} of distilling`;
  if (ok.length === 0) return `Nothing found yet: ${effort}.`;
  const scored = students.filter(({ manifest }) => manifest.scores.length > 0);
  if (scored.length > 0) return `${list(scored.map(({ manifest }) => finding(manifest)))}: found in ${effort}.`;
  const promises = promised(trials, budgetsMs);
  return promises.length === 0 ? `No budget is met so far: ${effort}.` : `${list(promises)}: best of ${effort}.`;
}

/** What the best trials promise, each once though it may be the best within several budgets. */
function promised(trials: ReportData["trials"], budgetsMs: readonly number[]): string[] {
  const best = bestPerBudget(trials, budgetsMs);
  return [...new Set(best.flatMap(({ trial }) => trial ?? []))].map((winner) => {
    const within = best.filter(({ trial }) => trial === winner).map(({ budgetMs }) => String(budgetMs));
    return `${milliseconds(winner.latencyMs)} for ${percent(1 - winner.loss, 0)} of the teacher explained (budget ${list(within)} ms)`;
  });
}

function finding(manifest: FinishedStudent["manifest"]): string {
  const share = shareOfTeacher(manifest);
  const quality =
    share === null
      ? `a mean score of ${points(mean(taskScores(manifest).map(({ student }) => student)))}`
      : `${percent(share)} of the teacher`;
  return `${milliseconds(cardLatency(manifest).p50Ms)} for ${quality}`;
}

/** A card a budget: its student, or what the trials promise. */
export function cards(data: ReportData): string {
  const items = bestPerBudget(data.trials, data.budgetsMs).map(({ budgetMs, trial }) => {
    const finished = data.students.find(({ manifest }) => budgetOf(manifest.name) === budgetMs);
    if (finished !== undefined) return studentCard(budgetMs, finished, data.settings.production !== undefined);
    const [figure, text] =
      trial === null
        ? ["–", "No trial meets this budget; --trials raises the number that are tried."]
        : [
            milliseconds(trial.latencyMs),
            `${plainArchitecture(trial.architecture)} (${architectureName(trial.architecture)}) explains ${percent(1 - trial.loss)} of the teacher on the proxy set. Not distilled in full yet.`,
          ];
    return card(budgetMs, figure, textElement("p", {}, text));
  });
  return element("div", { class: "cards" }, items.join(""));
}

function studentCard(budgetMs: number, { manifest, isServed }: FinishedStudent, isOfProduction: boolean): string {
  const { p50Ms, p95Ms, tokens } = cardLatency(manifest);
  // A budget of production is of its texts, which are of other lengths.
  const overBudget = !isOfProduction && p95Ms > budgetMs ? element("strong", {}, " – above the budget") : "";
  const rows = taskScores(manifest).map(({ task, student, teacher }) => {
    const beside = teacher === null ? "" : textElement("span", { class: "quiet" }, ` of ${points(teacher)}`);
    return element("div", {}, textElement("dt", {}, task) + element("dd", {}, points(student) + beside));
  });
  const where = isServed ? `served as ${manifest.name}, version ${manifest.version}` : "left in the run's folder";
  return card(
    budgetMs,
    milliseconds(p50Ms),
    element("p", {}, `p50 of a text of ${tokens} tokens; p95 ${milliseconds(p95Ms)}${overBudget}`) +
      textElement(
        "p",
        {},
        `${plainArchitecture(manifest.architecture)} · ${megabytes(manifest.bytes)} · ${count(manifest.parameters)} parameters`,
      ) +
      element("dl", { class: "scores" }, rows.join("")) +
      textElement("p", { class: "quiet" }, where),
  );
}

function card(budgetMs: number, figure: string, rest: string): string {
  const inner = textElement("h2", {}, `budget ${budgetMs} ms`) + textElement("p", { class: "figure" }, figure) + rest;
  return element("section", { class: "card" }, inner);
}
