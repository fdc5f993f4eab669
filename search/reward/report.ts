import { architectureName } from "../../src/contract/architecture.ts";
import type { OkTrial } from "../space/trial.ts";

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

function toMs(ms: number): string {
  return ms.toPrecision(3);
}
