import { architectureName } from "../../src/contract/architecture.ts";
import { percent } from "../../src/percent.ts";
import { bestPerBudget, paretoFront } from "../reward/reward.ts";
import { type OkTrial, okTrials } from "../space/trial.ts";
import { element, textElement } from "./markup.ts";
import { axes, type Frame, frameOf, line, path, svg } from "./plot.ts";
import type { ReportData } from "./report-data.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";
import { milliseconds, plainArchitecture } from "./wording.ts";

type Charted = Pick<ReportData, "trials" | "budgetsMs">;

/** Every trial by latency and by how much of the teacher it explains; the front, the budgets, and the winner of each. */
export function frontChart({ trials, budgetsMs }: Charted, latencyLabel: string): string {
  const ok = okTrials(trials);
  const frame = frameOf(1040, 400);
  const x = logScale([...ok.map((trial) => trial.latencyMs), ...budgetsMs], [frame.left, frame.width - frame.right]);
  const y = linearScale(
    ok.map((trial) => 100 * (1 - trial.loss)),
    [frame.height - frame.bottom, frame.top],
  );
  const front = paretoFront(trials);
  const winners = bestPerBudget(trials, budgetsMs).flatMap(({ trial }) => trial ?? []);
  const title = `${ok.length} trials; the front holds ${front.map((trial) => architectureName(trial.architecture)).join(", ")}`;
  const at = (trial: OkTrial): [number, number] => [x(trial.latencyMs), y(100 * (1 - trial.loss))];
  return svg(
    frame,
    title,
    axes(
      frame,
      { scale: x, label: latencyLabel, format: String },
      { scale: y, label: "teacher explained, %", format: String },
    ) +
      budgetsMs.map((budgetMs) => budgetLine(frame, x, budgetMs)).join("") +
      path(stairs(front.map(at), frame.width - frame.right), "front") +
      ok.map((trial) => point(at(trial), trial, front.includes(trial))).join("") +
      [...new Set(winners)].map((trial) => winnerLabel(at(trial), trial, frame)).join(""),
  );
}

function budgetLine(frame: Frame, x: Scale, budgetMs: number): string {
  const at = x(budgetMs);
  return (
    line(at, frame.top, at, frame.height - frame.bottom, "budget") +
    textElement(
      "text",
      { x: at - 5, y: frame.top + 11, class: "budget-name", "text-anchor": "end" },
      `budget ${budgetMs} ms`,
    )
  );
}

/** A front holds from one point to the next: nothing in between is better than the last. */
function stairs(points: readonly (readonly [number, number])[], right: number): [number, number][] {
  const corners = points.flatMap(([x, y], i): [number, number][] => {
    const before = points[i - 1];
    return before === undefined
      ? [[x, y]]
      : [
          [x, before[1]],
          [x, y],
        ];
  });
  const last = points.at(-1);
  return last === undefined ? [] : [...corners, [right, last[1]]];
}

function point([cx, cy]: readonly [number, number], trial: OkTrial, isOnFront: boolean): string {
  const about = `${architectureName(trial.architecture)}: ${percent(1 - trial.loss)} explained, ${milliseconds(trial.latencyMs)}, episode ${trial.episode}`;
  const attributes = { cx, cy, r: isOnFront ? 5 : 4, class: isOnFront ? "on-front" : "off-front" };
  return element("circle", attributes, textElement("title", {}, about));
}

function winnerLabel([cx, cy]: readonly [number, number], trial: OkTrial, frame: Frame): string {
  const isFarRight = cx > frame.width - 190;
  const isHigh = cy < frame.top + 44;
  const attributes = {
    x: isFarRight ? cx - 11 : cx + 11,
    y: isHigh ? cy + 20 : cy - 11,
    class: "winner-name",
    "text-anchor": isFarRight ? "end" : "start",
  };
  const text = `${plainArchitecture(trial.architecture)} · ${milliseconds(trial.latencyMs)}`;
  return element("circle", { cx, cy, r: 9, class: "winner" }) + textElement("text", attributes, text);
}
