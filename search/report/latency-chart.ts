import { architectureName } from "../../src/contract/architecture.ts";
import { percent } from "../../src/percent.ts";
import { quantile } from "../../src/stats.ts";
import { type HeldOut, leaveOneOut, medianError, toSamples } from "../reward/latency-model.ts";
import { element, tableMarkup, textElement } from "./markup.ts";
import { axes, type Frame, frameOf, path, svg } from "./plot.ts";
import type { ReportData } from "./report-data.ts";
import { logScale, type Scale } from "./scale.ts";
import { milliseconds } from "./wording.ts";

/** Width of the drawn band around the diagonal. */
const BAND = 0.1;

/** Measured latency of every trial and length against what the model expects that knows only the others. */
export function latencySection({ trials, calibration }: ReportData): string {
  const heldOut = leaveOneOut(toSamples(trials), calibration);
  if (heldOut.length === 0) return textElement("p", { class: "note" }, "Predicting takes two trials.");
  const known =
    calibration.length === 0
      ? "npm run calibrate would have given it this machine's costs beforehand."
      : `It also knows ${calibration.length} timings of npm run calibrate.`;
  const caption = `${heldOut.length} timings; each architecture is predicted from the others. ${known} Band: ±${percent(BAND, 0)}.`;
  const figure = element("figure", {}, chart(heldOut) + textElement("figcaption", {}, caption));
  return element("div", { class: "pair" }, figure + errorTable(heldOut));
}

function errorTable(heldOut: readonly HeldOut[]): string {
  const lengths = [...new Set(heldOut.map(({ sample }) => sample.tokens))].sort((a, b) => a - b);
  const rowOf = (name: string, some: readonly HeldOut[]) => {
    const errors = some.map(({ sample, predicted }) => Math.abs(Math.log(predicted.ms / sample.ms)));
    const tails = some.flatMap(({ sample: { p95Ms, ms } }) => (p95Ms === undefined ? [] : [p95Ms / ms]));
    return [name, percent(medianError(some)), percent(quantile(errors, 0.9)), `${quantile(tails, 0.5).toFixed(2)}×`];
  };
  const rows = lengths.map((tokens) =>
    rowOf(
      String(tokens),
      heldOut.filter(({ sample }) => sample.tokens === tokens),
    ),
  );
  const heads = ["tokens", "median error", "nine in ten below", "p95 over p50"];
  return tableMarkup(heads, [...rows, rowOf("all", heldOut)], "How far predictions were off");
}

function chart(heldOut: readonly HeldOut[]): string {
  const frame = { ...frameOf(512, 380), left: 58 };
  const values = heldOut.flatMap(({ sample, predicted }) => [sample.ms, predicted.ms]);
  const x = logScale(values, [frame.left, frame.width - frame.right]);
  const y = logScale(values, [frame.height - frame.bottom, frame.top]);
  const marks = heldOut.map(({ sample, predicted }) => {
    const about = `${architectureName(sample.architecture)}, ${sample.tokens} tokens: ${milliseconds(sample.ms)} measured, ${milliseconds(predicted.ms)} predicted`;
    const attributes = { cx: x(predicted.ms), cy: y(sample.ms), r: 3.5, class: "off-front" };
    return element("circle", attributes, textElement("title", {}, about));
  });
  return svg(
    frame,
    `Predicted and measured latency of ${heldOut.length} timings; median error ${percent(medianError(heldOut))}`,
    band(frame, x, y, values) +
      axes(
        frame,
        { scale: x, label: "predicted ms", format: String },
        { scale: y, label: "measured ms", format: String },
      ) +
      marks.join(""),
  );
}

function band(frame: Frame, x: Scale, y: Scale, values: readonly number[]): string {
  const [low, high] = [Math.min(...values) / 1.2, Math.max(...values) * 1.2];
  const edge = (ms: number, factor: number): [number, number] => [x(ms), Math.max(frame.top, y(ms * factor))];
  const outline = [edge(low, 1 + BAND), edge(high, 1 + BAND), edge(high, 1 / (1 + BAND)), edge(low, 1 / (1 + BAND))];
  return path(outline, "band") + path([edge(low, 1), edge(high, 1)], "diagonal");
}
