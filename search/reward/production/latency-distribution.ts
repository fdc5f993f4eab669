import type { Architecture } from "../../../src/contract/architecture.ts";
import type { Latency } from "../../../src/contract/manifest.ts";
import { normalShare } from "../../../src/stats.ts";
import { type LatencyModel, predictLatency } from "../latency-model.ts";
import type { Shape } from "./observed.ts";

/**
 * The time of a text as a distribution over traffic: what an architecture takes for each length and number of texts in a pass,
 * each with its share, and around it a spread (log-normal) for all that the shape of a pass does not tell: neighbours, the
 * scheduler, caches. The time of a text is its share of its pass, as servers count it.
 */
export interface Times {
  /** Expected offline ms of a text, each with its share. */
  readonly points: readonly { readonly ms: number; readonly share: number }[];
  readonly meanMs: number;
}

/**
 * What a static student takes beyond the model is each text's own, and not its share of a pass: n-grams are read text by text.
 * @param timed offline timings of the architecture itself, which correct the model where there are any
 */
export function timesOver(
  model: LatencyModel,
  architecture: Architecture,
  timed: Latency["lengths"] | readonly never[],
  { lengths, rows }: Shape,
): Times {
  const missAt = misses(model, architecture, timed);
  const points = lengths.flatMap(({ tokens, share }) => {
    const miss = missAt(tokens);
    const own = architecture.layers === 0 ? Math.max(0, miss - 1) * predictLatency(model, architecture, tokens).ms : 0;
    return rows.map(({ rows: each, share: rowsShare }) => {
      const pass = predictLatency(model, architecture, tokens, each).ms;
      return { ms: own > 0 ? pass / each + own : (pass * miss) / each, share: share * rowsShare };
    });
  });
  return { points, meanMs: points.reduce((sum, { ms, share }) => sum + ms * share, 0) };
}

/** Measured / predicted at a length: between the timed ones along the logarithm of the length, beyond them as at the last one. */
function misses(model: LatencyModel, architecture: Architecture, timed: Latency["lengths"] | readonly never[]) {
  const known = timed.map(({ tokens, p50Ms }) => ({
    at: Math.log(tokens),
    log: Math.log(p50Ms / predictLatency(model, architecture, tokens).ms),
  }));
  return (tokens: number): number => {
    const at = Math.log(tokens);
    const next = known.findIndex((point) => point.at >= at);
    const [low, high] = [known[next === -1 ? known.length - 1 : next - 1], known[next]];
    if (low === undefined || high === undefined) return Math.exp((low ?? high)?.log ?? 0);
    return Math.exp(low.log + ((high.log - low.log) * (at - low.at)) / (high.at - low.at));
  };
}

/** Quantile of the times, scaled by `ratio` and spread by `spread` (standard deviation of ln(ms)), the mean kept. */
export function quantileMs({ points }: Times, q: number, ratio: number, spread: number): number {
  const middles = points.map(({ ms, share }) => ({ log: Math.log(ms * ratio) - spread ** 2 / 2, share }));
  const below = (log: number) =>
    middles.reduce((sum, middle) => sum + middle.share * normalShare((log - middle.log) / Math.max(spread, 1e-3)), 0);
  const logs = middles.map(({ log }) => log);
  let [low, high] = [Math.min(...logs) - 6 * spread - 0.01, Math.max(...logs) + 6 * spread + 0.01];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (below(middle) < q) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** The spread with which the times have this 95th percentile; 0 where even none is too much. */
export function fitSpread(times: Times, ratio: number, p95Ms: number): number {
  let [low, high] = [0, MAX_SPREAD];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (quantileMs(times, 0.95, ratio, middle) < p95Ms) low = middle;
    else high = middle;
  }
  return low;
}

/** Of a log-normal of a given mean the 95th percentile grows up to a spread of 1.64 and falls beyond. */
const MAX_SPREAD = 1.6;
