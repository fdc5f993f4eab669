import type { Architecture } from "../../src/contract/architecture.ts";
import { duration } from "../progress.ts";

/** How the report writes numbers: one way each. */

/** `0.080 ms`, `1.04 ms`, `12.3 ms` */
export function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 1 ? 3 : ms < 10 ? 2 : 1)} ms`;
}

/** `62.5`: scores are shown times 100. */
export function points(score: number): string {
  return (100 * score).toFixed(1);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `2.24 M`, `160,000` */
export function count(value: number): string {
  return value >= 1e6 ? `${Number((value / 1e6).toPrecision(3))} M` : value.toLocaleString("en-US");
}

export function time(seconds: number): string {
  return duration(seconds);
}

/** `static, 256 wide`, `2 layers × 312` */
export function plainArchitecture(a: Architecture): string {
  if (a.layers === 0) return `static, ${a.tableWidth} wide`;
  return `${a.layers} ${a.layers === 1 ? "layer" : "layers"} × ${a.hidden}`;
}

/** `a`, `a and b`, `a, b and c` */
export function list(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
