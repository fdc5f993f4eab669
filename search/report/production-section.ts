import { architectureName } from "../../src/contract/architecture.ts";
import { percent } from "../../src/percent.ts";
import { quantile } from "../../src/stats.ts";
import { trialsInProduction } from "../reward/production/calibrate.ts";
import { type Case, medianErrors } from "../reward/production/judge.ts";
import { meanRows, meanTokens } from "../reward/production/observed.ts";
import type { ProductionFile } from "../reward/production/production-file.ts";
import { type BudgetWinners, winnersBeforeAndAfter } from "../reward/production/winners-before-and-after.ts";
import type { OkTrial } from "../space/trial.ts";
import { frontChart } from "./front-chart.ts";
import { element, tableMarkup, textElement } from "./markup.ts";
import type { ReportData } from "./report-data.ts";
import { milliseconds } from "./wording.ts";

export const productionLabel = "latency, ms of a text of production's traffic (expected, log scale)";

/** The front over production's traffic, which architecture each budget gets there, and how far predictions were off. */
export function productionSection({ trials, budgetsMs }: ReportData, production: ProductionFile): string {
  const { shape, judgement } = production;
  const expected = trialsInProduction(production, trials);
  const about = `${meanTokens(shape).toFixed(1)} tokens a text, ${meanRows(shape).toFixed(2)} texts a pass.`;
  const winners = tableMarkup(
    ["budget", "best offline", "best in production", "expected", "p95"],
    winnersBeforeAndAfter(trials, expected, budgetsMs).map(winnerRow),
    "What each budget gets",
  );
  return [
    textElement("p", { class: "note" }, about),
    element("figure", {}, frontChart({ trials: expected, budgetsMs }, productionLabel)),
    winners,
    judgement === null
      ? textElement("p", { class: "note" }, "Nothing could be held out to judge the prediction on.")
      : judgementTable(judgement),
  ].join("\n");
}

function winnerRow({ budgetMs, before, after }: BudgetWinners): string[] {
  const name = (trial: OkTrial | null) => (trial === null ? "none fits" : architectureName(trial.architecture));
  const times = after === null ? ["–", "–"] : [milliseconds(after.latencyMs), milliseconds(after.expected.p95Ms)];
  return [`${budgetMs} ms`, name(before), name(after), ...times];
}

function judgementTable(judgement: NonNullable<ProductionFile["judgement"]>): string {
  const names = [...new Set(judgement.cases.map(({ name }) => name))];
  const rows = names.map((name) =>
    judgementRow(
      name,
      judgement.cases.filter((of) => of.name === name),
    ),
  );
  const caption =
    judgement.heldOut === "second half"
      ? "How far predictions were off in each part of the second half of the texts, fitted to what came before it"
      : "How far predictions of each student were off, fitted to the others";
  const heads = ["student", "seen", "predicted before", "after", "median error before", "after"];
  return tableMarkup(heads, [...rows, judgementRow("all", judgement.cases)], caption);
}

function judgementRow(name: string, cases: readonly Case[]): string[] {
  const { before, after } = medianErrors(cases);
  const middle = (of: (one: Case) => number) => milliseconds(quantile(cases.map(of), 0.5));
  const times = [middle((one) => one.seenMs), middle((one) => one.beforeMs), middle((one) => one.afterMs)];
  return [name, ...(name === "all" ? ["", "", ""] : times), percent(before), percent(after)];
}
