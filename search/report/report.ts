import type { ProductionFile } from "../reward/production/production-file.ts";
import { okTrials } from "../space/trial.ts";
import { budgetTokens } from "../timed-lengths.ts";
import { chosenStudents } from "./chosen-students.ts";
import { dimensionSection } from "./dimension-section.ts";
import { effortSection, trialTable } from "./effort-section.ts";
import { frontChart } from "./front-chart.ts";
import { latencySection } from "./latency-chart.ts";
import { element, escapeText, textElement } from "./markup.ts";
import { productionLabel, productionSection } from "./production-section.ts";
import { qualitySection } from "./quality-section.ts";
import type { ReportData } from "./report-data.ts";
import { rewardChart } from "./reward-chart.ts";
import { style } from "./style.ts";
import { cards, headline } from "./summary.ts";

/** `report.html` of a search: one file that needs nothing else, no script, no network. What was found comes first. */
export function reportHtml(found: ReportData): string {
  const data = { ...found, students: chosenStudents(found) };
  const title = headline(data);
  const body = [
    textElement("p", { class: "kicker" }, `kdnas search ${data.searchId}`),
    textElement("h1", {}, title),
    cards(data),
    ...(okTrials(data.trials).length === 0 ? [] : [searched(data)]),
    section(
      "Quality by data set and language",
      "Validation data, scores times 100, int8 students.",
      qualitySection(data),
    ),
    section("What the run took", "", effortSection(data)),
    element("details", {}, textElement("summary", {}, "every trial") + trialTable(data)),
  ];
  const foot = textElement(
    "footer",
    {},
    `Made from the journal of ${data.searchId} and the manifests of its students.`,
  );
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${escapeText(`${data.searchId}: ${title}`)}</title><style>${style}</style></head>`,
    `<body><main>${body.join("\n")}\n${foot}</main></body></html>\n`,
  ].join("\n");
}

/** What the trials' latency is of. */
function latencyLabel({ settings }: ReportData): string {
  return settings.production === undefined
    ? `latency, ms at ${budgetTokens} tokens (p50, int8, one thread, log scale)`
    : productionLabel;
}

/** What only a search with a successful trial has to show. */
function searched(data: ReportData): string {
  const rewards = data.budgetsMs.map((budgetMs) => figure(`Reward under ${budgetMs} ms`, rewardChart(data, budgetMs)));
  return [
    section(
      "Quality against latency",
      "Up and left is better. The line joins the trials that no other beats in both; circled ones were the best within a budget.",
      frontChart(data, latencyLabel(data)),
    ),
    section(
      "How the search went",
      "Dots are trials, the line is the best so far. A reward weighs quality against latency under its budget.",
      element("div", { class: "pair" }, rewards.join("")),
    ),
    section(
      "Predicted and measured latency",
      "The search rates candidates by latency that it predicts; what it keeps is timed.",
      latencySection(data),
    ),
    ...(data.production === null ? [] : [inProduction(data, data.production)]),
    section("What each dimension contributed", "", dimensionSection(data)),
  ].join("\n");
}

function inProduction(data: ReportData, production: ProductionFile): string {
  const lead = `What servers saw until ${production.created.slice(0, 16).replace("T", " ")} UTC, and what it makes of the trials.`;
  return section("In production", lead, productionSection(data, production));
}

function section(title: string, lead: string, inner: string): string {
  const intro = lead === "" ? "" : textElement("p", { class: "lead" }, lead);
  return element("section", {}, textElement("h2", {}, title) + intro + inner);
}

function figure(title: string, chart: string): string {
  return element("figure", {}, textElement("h3", {}, title) + chart);
}
