import { architectureName } from "../../src/contract/architecture.ts";
import { budgetObjective } from "../reward/reward.ts";
import { okTrials } from "../space/trial.ts";
import { element, textElement } from "./markup.ts";
import { axes, frameOf, path, svg } from "./plot.ts";
import type { ReportData } from "./report-data.ts";
import { linearScale } from "./scale.ts";

/** Reward of every trial under one budget by episode, and the best so far. */
export function rewardChart({ trials }: ReportData, budgetMs: number): string {
  const objective = budgetObjective(budgetMs);
  const points = okTrials(trials).map((trial) => ({ trial, reward: objective.reward(trial.loss, trial.latencyMs) }));
  const frame = frameOf(512, 230);
  const x = linearScale([0, ...points.map(({ trial }) => trial.episode)], [frame.left, frame.width - frame.right], 7);
  const y = linearScale(
    points.map(({ reward }) => reward),
    [frame.height - frame.bottom, frame.top],
    4,
  );
  let best = Number.NEGATIVE_INFINITY;
  const climb = points.flatMap(({ trial, reward }): [number, number][] => {
    const before = best;
    best = Math.max(best, reward);
    const here: [number, number] = [x(trial.episode), y(best)];
    return Number.isFinite(before) ? [[here[0], y(before)], here] : [here];
  });
  const marks = points.map(({ trial, reward }) => {
    const about = `episode ${trial.episode}, ${architectureName(trial.architecture)}: ${reward.toFixed(3)}`;
    const attributes = { cx: x(trial.episode), cy: y(reward), r: 3.5, class: "off-front" };
    return element("circle", attributes, textElement("title", {}, about));
  });
  const inner =
    axes(
      frame,
      { scale: x, label: "episode", format: (value) => (Number.isInteger(value) ? String(value) : "") },
      { scale: y, label: "reward", format: String },
    ) +
    path(climb, "front") +
    marks.join("");
  return svg(frame, `Reward under ${budgetMs} ms by episode; the best is ${best.toFixed(3)}`, inner);
}
