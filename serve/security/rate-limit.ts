/**
 * Requests a minute of each caller, by the generic cell rate algorithm: one number a caller, the time at which all its
 * requests would have been paid for at the permitted rate. A minute's worth may come at once.
 */
export interface RateLimiter {
  /** @param nowMs of a clock that never goes back. */
  take(caller: string, requestsPerMinute: number, nowMs: number): Verdict;
}

export interface Verdict {
  readonly admitted: boolean;
  /** Requests that it may make at once after this one. */
  readonly remaining: number;
  /** Until the next request is admitted, when this one was not; else until all of the minute's requests are back. */
  readonly waitMs: number;
}

const windowMs = 60_000;
/** Callers that are remembered; the one that was first seen is forgotten first, and starts anew. */
const mostCallers = 100_000;

export function createRateLimiter(callersLimit = mostCallers): RateLimiter {
  const paidAt = new Map<string, number>();
  return {
    take: (caller, requestsPerMinute, nowMs) => {
      const costMs = windowMs / requestsPerMinute;
      const next = Math.max(nowMs, paidAt.get(caller) ?? 0) + costMs;
      const aheadMs = next - nowMs;
      // Sums of fractions: the last of a minute's requests must not fail for a rounding.
      if (aheadMs > windowMs + 1e-6) return { admitted: false, remaining: 0, waitMs: aheadMs - windowMs };
      if (paidAt.size >= callersLimit && !paidAt.has(caller)) forgetFirst(paidAt);
      paidAt.set(caller, next);
      return { admitted: true, remaining: Math.floor((windowMs - aheadMs) / costMs + 1e-6), waitMs: aheadMs };
    },
  };
}

function forgetFirst(paidAt: Map<string, number>): void {
  for (const caller of paidAt.keys()) {
    paidAt.delete(caller);
    return;
  }
}
