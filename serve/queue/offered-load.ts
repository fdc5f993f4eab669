import { availableParallelism } from "node:os";
import { must } from "../../src/invariant.ts";

/**
 * How busy each student would keep the workers if it answered all that comes. The queue does not tell: it is as short behind a fast
 * student that has time to spare as behind one that has none, and a queue that grows says so too late.
 */
export interface OfferedLoad {
  /** A request has come. @param workMs what it is for each student, by its id, in one worker. */
  add(workMs: ReadonlyMap<string, number>): void;
  /** Share of the time that the workers have, over about the last `horizonMs`: above 1 it could not answer all. */
  busyShare(studentId: string, horizonMs: number): number;
}

/** Requests are added up with weights that fall to 1/e in these times, ms. A budget looks back about as long as it reaches. */
const horizonsMs = [100, 1000, 10_000];

/** @param threads that can work at once. */
export function createOfferedLoad(threads: () => number, now = () => performance.now()): OfferedLoad {
  /** By student, then by horizon; as they were at `at`. */
  const sums = new Map<string, number[]>();
  let at = now();
  return {
    add: (workMs) => {
      for (const id of sums.keys()) if (!workMs.has(id)) sums.delete(id);
      const passedMs = now() - at;
      at += passedMs;
      const kept = horizonsMs.map((horizon) => Math.exp(-passedMs / horizon));
      for (const [id, ms] of workMs) {
        const before = sums.get(id);
        sums.set(
          id,
          kept.map((share, i) => share * (before?.[i] ?? 0) + ms),
        );
      }
    },
    busyShare: (id, horizonMs) => {
      const found = horizonsMs.findIndex((horizon) => horizon >= horizonMs);
      const i = found === -1 ? horizonsMs.length - 1 : found;
      const horizon = must(horizonsMs[i]);
      return ((sums.get(id)?.[i] ?? 0) * Math.exp((at - now()) / horizon)) / horizon / threads();
    },
  };
}

const sampleMs = 100;

/** Cores that are left to workers, at most one for each: the event loop takes its part of one. */
export function freeCores(workers: number): () => number {
  let [before, at, loopShare] = [performance.eventLoopUtilization(), performance.now(), 0];
  return () => {
    const now = performance.now();
    if (now - at >= sampleMs) {
      const current = performance.eventLoopUtilization();
      loopShare = performance.eventLoopUtilization(current, before).utilization;
      [before, at] = [current, now];
    }
    return Math.max(0.5, Math.min(workers, availableParallelism() - loopShare));
  };
}
