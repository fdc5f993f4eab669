import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Random } from "../src/random.ts";

/** Load on a server, made in a process of its own. */
export interface LoadGenerator {
  run(load: Load): Promise<Shot[]>;
  end(): void;
}

export type Load = OpenLoad | ClosedLoad;

/** As many requests at once as there are connections. */
export interface ClosedLoad {
  readonly kind: "closed";
  readonly url: string;
  /** Whole requests, sent by turns. */
  readonly requests: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

/** Requests at times that were fixed before. */
export interface OpenLoad {
  readonly kind: "open";
  readonly url: string;
  readonly requests: readonly string[];
  /** In the order of their times. */
  readonly arrivals: readonly Arrival[];
}

export interface Arrival {
  readonly atMs: number;
  /** Index into the requests. */
  readonly request: number;
}

export interface Shot {
  readonly request: number;
  /** 0 when the connection broke. */
  readonly status: number;
  readonly latencyMs: number;
  /** How long after its time the generator sent it; 0 in a closed loop. */
  readonly sentLateMs: number;
  /** When its reply was there, from the beginning of the load. */
  readonly repliedAtMs: number;
  /** Empty in a closed loop. */
  readonly body: string;
}

export function startLoadGenerator(): LoadGenerator {
  const worker = fork(fileURLToPath(new URL("load-worker.ts", import.meta.url)), { execArgv: ["--import", "tsx"] });
  return {
    run: async (load) => {
      worker.send(load);
      const [shots] = (await once(worker, "message")) as [Shot[]];
      return shots;
    },
    end: () => worker.disconnect(),
  };
}

/**
 * What a closed loop's shots are divided by for a rate, s: those that were on their way when its time was over are among
 * them, and with slow replies they are not few.
 */
export function secondsOf(shots: readonly Pick<Shot, "repliedAtMs">[]): number {
  return shots.reduce((last, { repliedAtMs }) => Math.max(last, repliedAtMs), 0) / 1000;
}

/** A burst's rate and a lull's, as shares of the mean, and how long either lasts on the average. */
const burst = 1.7;
const lull = 0.3;
const meanPhaseMs = 250;

/**
 * Arrivals of a Poisson process whose rate goes up and down at random (a two-state Markov-modulated one): traffic comes in
 * bursts, and a mean rate says little about a server.
 */
export function burstyArrivals(perSecond: number, seconds: number, requests: number, random: Random): Arrival[] {
  const arrivals: Arrival[] = [];
  const exponential = (mean: number) => -mean * Math.log(1 - random.next());
  let inBurst = false;
  for (let phaseAt = 0; phaseAt < seconds * 1000; ) {
    const phaseEnd = phaseAt + exponential(meanPhaseMs);
    inBurst = !inBurst;
    const meanGapMs = 1000 / (perSecond * (inBurst ? burst : lull));
    for (let atMs = phaseAt + exponential(meanGapMs); atMs < Math.min(phaseEnd, seconds * 1000); ) {
      arrivals.push({ atMs, request: random.int(requests) });
      atMs += exponential(meanGapMs);
    }
    phaseAt = phaseEnd;
  }
  return arrivals;
}
