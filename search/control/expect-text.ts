import type { Architecture } from "../../src/contract/architecture.ts";
import type { Latency } from "../../src/contract/manifest.ts";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import { quantile } from "../../src/stats.ts";
import { expectedMs } from "../reward/production/expectation.ts";
import type { Production } from "./rank.ts";

/** A student or a trial, as it was timed offline. */
export interface Timed {
  readonly architecture: Architecture;
  readonly lengths: Latency["lengths"];
  readonly maxTokens: number;
}

/**
 * ms that a text of production is expected to take: by what production taught over the lengths of late, where it did; else by the offline
 * timings times how much longer the live student of this name took.
 */
export function expectText(student: string, timed: Timed, production: Production): number {
  const lengths = sharesUpTo(timed.maxTokens, production);
  const { model } = production;
  if (model !== null)
    return expectedMs({ ...model, shape: { ...model.shape, lengths } }, timed.architecture, timed.lengths);
  const latency = { lengths: timed.lengths } as Latency;
  const offlineMs = lengths.reduce(
    (sum, { tokens, share }) => sum + share * predictLatencyMs(latency, tokens, "p50Ms"),
    0,
  );
  return ratioOf(student, production) * offlineMs;
}

/** Shares of texts by the tokens that are read of them. */
export function sharesUpTo(maxTokens: number, { lengths }: Pick<Production, "lengths">) {
  const texts = lengths.reduce((sum, length) => sum + length.texts, 0);
  return lengths.map((length) => ({ tokens: Math.min(maxTokens, length.tokens), share: length.texts / texts }));
}

/** One that was not measured itself is as far off as the others are. */
function ratioOf(student: string, { ratios }: Production): number {
  const own = ratios[student];
  if (own !== undefined) return own;
  const others = Object.values(ratios);
  return others.length === 0 ? 1 : quantile(others, 0.5);
}
