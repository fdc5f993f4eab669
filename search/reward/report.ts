import { architectureName } from "../../src/contract/architecture.ts";
import type { OkTrial } from "../space/trial.ts";
import type { Calibration, Winner } from "./calibrate.ts";

/** What a calibration changed, as text for the terminal. */
export function formatCalibration(calibration: Calibration): string {
  const { students, winners, skipped, lengths, rows } = calibration;
  const meanTokens = lengths.reduce((sum, { tokens, share }) => sum + tokens * share, 0);
  return [
    `Production: ${meanTokens.toFixed(1)} tokens a text, ${rows.toFixed(2)} texts a run`,
    "",
    table(
      ["student", "architecture", "texts", "predicted ms", "measured ms", "p95 ms", "ratio"],
      students.map((s) => [
        s.name,
        s.architecture,
        String(s.texts),
        toMs(s.predictedMs),
        toMs(s.measuredMs),
        toMs(s.p95Ms),
        s.ratio.toFixed(2),
      ]),
    ),
    "",
    table(
      ["budget ms", "best before", "best after", ""],
      winners.map(({ budgetMs, before, after }) => [
        String(budgetMs),
        describe(before),
        describe(after),
        nameOf(before) === nameOf(after) ? "same" : "changed",
      ]),
    ),
    ...skipped.map(({ name, reason }) => `not used: ${name} (${reason})`),
  ].join("\n");
}

/** The trials of a front, fastest first. */
export function formatFront(front: readonly OkTrial[]): string {
  return table(
    ["architecture", "loss", "ms", "reward"],
    front.map((trial) => [
      architectureName(trial.architecture),
      trial.loss.toFixed(4),
      toMs(trial.latencyMs),
      trial.reward.toFixed(4),
    ]),
  );
}

/** Columns padded to their widest cell; the first left-aligned as text, numbers are short enough not to care. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function describe(winner: Winner | null): string {
  if (winner === null) return "none fits";
  return `${nameOf(winner)} (loss ${winner.loss.toFixed(3)}, ${toMs(winner.latencyMs)} ms)`;
}

function nameOf(winner: Winner | null): string {
  return winner === null ? "" : architectureName(winner.architecture);
}

function toMs(ms: number): string {
  return ms.toPrecision(3);
}
