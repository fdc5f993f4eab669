import type { Latency } from "../../src/contract/manifest.ts";
import { budgetTokens } from "../timed-lengths.ts";

/** What was timed at the length that budgets are meant at, or at the nearest one that was timed. */
export function budgetLatency(lengths: Latency["lengths"]): Latency["lengths"][number] {
  return lengths.reduce((best, each) =>
    Math.abs(each.tokens - budgetTokens) < Math.abs(best.tokens - budgetTokens) ? each : best,
  );
}
