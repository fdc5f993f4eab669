import { must } from "../invariant.ts";
import type { Latency } from "./manifest.ts";

export type Percentile = "p50Ms" | "p95Ms";

/**
 * Latency of one text of `tokens` tokens, from the lengths that the search measured: linear between them, the first
 * one's below, and along the last segment beyond.
 */
export function predictLatencyMs(latency: Latency, tokens: number, percentile: Percentile): number {
  const points = latency.lengths;
  const after = points.findIndex((point) => point.tokens >= tokens);
  const at = after === -1 ? points.length - 1 : after;
  const high = must(points[at]);
  const low = points[at - 1];
  if (low === undefined) return high[percentile] * (after === -1 ? tokens / high.tokens : 1);
  const slope = (high[percentile] - low[percentile]) / (high.tokens - low.tokens);
  return Math.max(low[percentile], low[percentile] + slope * (tokens - low.tokens));
}
