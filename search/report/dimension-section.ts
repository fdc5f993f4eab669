import { percent } from "../../src/percent.ts";
import { mean } from "../../src/stats.ts";
import { okTrials } from "../space/trial.ts";
import { type Contribution, contributionsTo } from "./dimensions.ts";
import { element, textElement } from "./markup.ts";
import { svg } from "./plot.ts";
import type { ReportData } from "./report-data.ts";

/** A row a dimension: its share in quality and in latency, and what trials with each of its values reached. */
export function dimensionSection({ trials }: ReportData): string {
  const ok = okTrials(trials);
  const quality = contributionsTo(ok, (trial) => 100 * (1 - trial.loss));
  const latency = contributionsTo(ok, (trial) => Math.log(trial.latencyMs));
  if (quality === null || latency === null) return textElement("p", { class: "note" }, "Too few trials to tell.");
  const outcomes = quality.contributions.flatMap(({ values }) => values.flatMap((value) => value.outcomes));
  const domain: [number, number] = [Math.min(...outcomes), Math.max(...outcomes)];
  const rows = quality.contributions.map((contribution, i) => {
    const shares = [contribution.share, latency.contributions[i]?.share ?? null];
    const cells = [
      textElement("th", { scope: "row" }, contribution.dimension),
      ...shares.map((share, s) => element("td", { class: "share" }, shareBar(share, s === 0 ? "quality" : "latency"))),
      element("td", {}, valueChart(contribution, domain)),
    ];
    return element("tr", {}, cells.join(""));
  });
  const heads = [
    "dimension",
    "share in quality",
    "share in latency",
    "teacher explained by value (dots: trials, bar: mean)",
  ];
  const head = element("tr", {}, heads.map((text) => textElement("th", { scope: "col" }, text)).join(""));
  const table = element("table", { class: "dimensions" }, `<thead>${head}</thead><tbody>${rows.join("")}</tbody>`);
  return (
    element("div", { class: "scroll", tabindex: 0 }, table) +
    textElement("p", { class: "note" }, trust(quality.heldOutR2, latency.heldOutR2, ok.length))
  );
}

function trust(quality: number, latency: number, n: number): string {
  const explained = (r2: number) => (r2 > 0 ? percent(r2, 0) : "none");
  return (
    `Shares come from an additive model of ${n} trials. Of the differences between trials that it has not seen, it explains ` +
    `${explained(quality)} in quality and ${explained(latency)} in latency: the less, the less its shares mean. Values of a dimension are ` +
    "compared whatever the others were, so a value that was tried with deep students only looks as good as they are."
  );
}

function shareBar(share: number | null, kind: "quality" | "latency"): string {
  if (share === null) return "–";
  const fill = element("span", { class: `fill ${kind}`, style: `width:${(100 * share).toFixed(1)}%` });
  return element("span", { class: "track" }, fill) + textElement("span", { class: "number" }, percent(share, 0));
}

function valueChart({ dimension, values }: Contribution, [low, high]: readonly [number, number]): string {
  const [width, height] = [460, 58];
  const step = width / Math.max(values.length, 4);
  const y = (outcome: number) => 34 - ((outcome - low) / (high - low || 1)) * 28;
  const columns = values.map(({ value, outcomes }, i) => {
    const x = (i + 0.5) * step;
    const dots = outcomes.map((outcome) => element("circle", { cx: x, cy: y(outcome), r: 2.5, class: "off-front" }));
    const center = mean(outcomes);
    const bar = element("path", { d: `M${(x - 11).toFixed(1)} ${y(center).toFixed(1)}h22`, class: "mean" });
    const label = textElement(
      "text",
      { x, y: 50, class: "tick", "text-anchor": "middle" },
      `${value}: ${center.toFixed(1)} (${outcomes.length})`,
    );
    return dots.join("") + bar + label;
  });
  const said = values.map(
    ({ value, outcomes }) => `${value}: ${mean(outcomes).toFixed(1)} % in ${outcomes.length} trials`,
  );
  return svg({ width, height }, `${dimension}: ${said.join("; ")}`, columns.join(""));
}
