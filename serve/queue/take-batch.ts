import { RefusalError } from "../../src/errors.ts";
import { must } from "../../src/invariant.ts";
import type { Placed, PlacedQueue } from "./placed-queue.ts";

/** Its deadline cannot be kept by this student any more, so it was not started; a faster one may still do. */
export class LateError extends RefusalError {
  override readonly name = "LateError";
  readonly place: number;

  constructor(place: number) {
    super("its deadline could not be kept");
    this.place = place;
  }
}

export interface Timely extends Placed {
  readonly tokens: number;
  /** Expected time in the worker. */
  readonly costMs: number;
  /** By the clock of `now`. */
  readonly deadline: number;
}

export interface BatchLimits {
  readonly tokens: number;
  /** Workers that are free: each gets its share. */
  readonly idle: number;
  readonly now: number;
  /** Expected time of a batch outside of its worker. */
  readonly overheadMs: number;
}

/** Less work than this is not worth a second worker's waking up. */
const leastShareMs = 0.5;

/**
 * Takes the first entries out of the queue, at least one if any can be served: up to the token budget, and no more than are
 * done before the first of their deadlines. An entry that would end late even now comes back as late, and is not started.
 */
export function takeBatch<T extends Timely>(
  queue: PlacedQueue<T>,
  { tokens: mostTokens, idle, now, overheadMs }: BatchLimits,
  isAbandoned: (entry: T) => boolean,
): { batch: T[]; late: T[]; abandoned: T[] } {
  const shareMs = idle > 1 ? Math.max(leastShareMs, totalMs(queue) / idle) : Number.POSITIVE_INFINITY;
  const [batch, late, abandoned]: [T[], T[], T[]] = [[], [], []];
  let tokens = 0;
  let costMs = 0;
  let slackMs = Number.POSITIVE_INFINITY;
  while (queue.length > 0) {
    const entry = must(queue.head());
    const ownSlackMs = entry.deadline - now - overheadMs;
    if (isAbandoned(entry)) abandoned.push(queue.shift());
    else if (entry.costMs > ownSlackMs) late.push(queue.shift());
    else {
      const mostMs = Math.min(slackMs, ownSlackMs, shareMs);
      if (batch.length > 0 && (tokens + entry.tokens > mostTokens || costMs + entry.costMs > mostMs)) break;
      batch.push(queue.shift());
      tokens += entry.tokens;
      costMs += entry.costMs;
      slackMs = Math.min(slackMs, ownSlackMs);
    }
  }
  return { batch, late, abandoned };
}

function totalMs(queue: PlacedQueue<Timely>): number {
  let total = 0;
  for (const { costMs } of queue) total += costMs;
  return total;
}
