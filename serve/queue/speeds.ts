import { servedLatency } from "../../src/contract/ensemble.ts";
import type { Manifest } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";

/**
 * What serving teaches about the speed of each student. The manifest's latency is only the prior: it was measured on
 * another day, one text at a time. Kept are, for each student, the ratio of measured to predicted work and how far requests
 * exceed their expected time, and for all together the time that a batch spends outside of its worker: that is the machine's
 * doing, and a student which was not asked lately would seem the faster for not knowing it. What was learnt fades without
 * news, so that a student which was once slow gets another chance.
 */
export interface Speeds {
  /** Expected time in a worker, ms, of texts whose p50 in the manifest add up to `priorMs`. */
  workMs(student: Timed, priorMs: number): number;
  /** Expected time of a batch outside of its worker, ms: threads that wake up, messages, a busy event loop. */
  overheadMs(): number;
  /** 95th percentile of the time of a request that is expected to take `expectedMs`. */
  p95Ms(student: Timed, expectedMs: number): number;
  /**
   * Measured inference divided by the manifest's, running mean; NaN before the first batch. Tokenising, which the manifest leaves out, would
   * make a fast student look slower than it is.
   */
  ratio(student: Timed): number;
  batchDone(student: Timed, batch: BatchTimes): void;
  /** `tookMs` from admission to answer; infinite for work that was given up. */
  requestDone(student: Timed, expectedMs: number, tookMs: number): void;
}

export interface Timed {
  readonly id: string;
  readonly manifest: Pick<Manifest, "name" | "latency" | "ensemble">;
  /** Whether another of its name is the live one. @default false */
  readonly candidate?: boolean;
  /** Ids of those that answer along with it. @default whoever its thread has */
  readonly members?: readonly string[];
}

export interface BatchTimes {
  /** The manifest's p50 of its texts, added up. */
  readonly priorMs: number;
  /** Tokenising and inference. */
  readonly workedMs: number;
  /** The first of the two. @default 0 */
  readonly tokenizeMs?: number;
  /** From dispatch to answer. */
  readonly tookMs: number;
}

/** Batches that the running means look back on. */
const window = 50;
/** The prior counts as many: the first batch after a start is seldom like the others. */
const priorBatches = 2;
/** What was learnt counts half after this time without news. */
const halfLifeMs = 15_000;
/**
 * Of how fast a student is. It is forgotten less soon: a machine that is slower than the manifest's stays so, and every request after a
 * pause would be late for it. Never to forget it would be worse: who seems too slow is not asked, and so brings no news.
 */
const ratioHalfLifeMs = 120_000;
const initialOverheadMs = 0.2;
/**
 * A request's excess is learnt by its expected time, since a scheduler's millisecond doubles a short one and is nothing to
 * a long one. Upper bounds, ms.
 */
const classesMs = [1, 4, 16, 64, Number.POSITIVE_INFINITY];
/** A quantile is followed by steps: up by 95 parts when it was exceeded, down by 5 when not (Robbins and Monro 1951). */
const stepUp = 0.02 * 0.95;
const stepDown = 0.02 * 0.05;
const leastSpread = 1.05;
const mostSpread = 4;

interface State {
  readonly id: string;
  readonly priorSpread: number;
  /** Of work to the manifest's. */
  ratio: number;
  /** Batches that it rests on: what has faded is soon learnt anew. */
  known: number;
  /** Of inference alone, as the metric tells it: it does not fade. */
  inferRatio: number;
  batches: number;
  spreads: number[];
  seenAt: number;
}

export function createSpeeds(now: () => number = () => performance.now()): Speeds {
  return new LearntSpeeds(now);
}

class LearntSpeeds implements Speeds {
  /** By name, and apart for candidates: another version starts anew. */
  private readonly states = new Map<string, State>();
  private readonly now: () => number;
  private readonly overhead = { ms: initialOverheadMs, batches: 0, seenAt: 0 };

  constructor(now: () => number) {
    this.now = now;
    this.overhead.seenAt = now();
  }

  workMs(student: Timed, priorMs: number): number {
    return this.stateOf(student).ratio * priorMs;
  }

  overheadMs(): number {
    const { overhead } = this;
    const kept = keptAfter(this.now() - overhead.seenAt, halfLifeMs);
    if (kept < 1) {
      overhead.ms = initialOverheadMs + kept * (overhead.ms - initialOverheadMs);
      overhead.seenAt = this.now();
    }
    return overhead.ms;
  }

  p95Ms(student: Timed, expectedMs: number): number {
    return expectedMs * must(this.stateOf(student).spreads[classOf(expectedMs)]);
  }

  ratio(student: Timed): number {
    const { inferRatio, batches } = this.stateOf(student);
    return batches === 0 ? Number.NaN : inferRatio;
  }

  batchDone(student: Timed, { priorMs, workedMs, tokenizeMs = 0, tookMs }: BatchTimes): void {
    const state = this.stateOf(student);
    state.known = Math.min(window, state.known + 1);
    state.ratio += newsShare(state.known) * (workedMs / priorMs - state.ratio);
    state.inferRatio += newsShare(++state.batches) * ((workedMs - tokenizeMs) / priorMs - state.inferRatio);
    state.seenAt = this.now();
    const aroundMs = Math.max(0, tookMs - workedMs) - this.overheadMs();
    this.overhead.ms += newsShare(++this.overhead.batches) * aroundMs;
    this.overhead.seenAt = state.seenAt;
  }

  requestDone(student: Timed, expectedMs: number, tookMs: number): void {
    const { spreads } = this.stateOf(student);
    const at = classOf(expectedMs);
    const spread = must(spreads[at]);
    const next = spread * Math.exp(tookMs > expectedMs * spread ? stepUp : -stepDown);
    spreads[at] = Math.min(mostSpread, Math.max(leastSpread, next));
  }

  private stateOf(student: Timed): State {
    const key = student.candidate ? `${student.manifest.name} candidate` : student.manifest.name;
    let state = this.states.get(key);
    if (state?.id !== student.id) {
      state = toState(student, this.now());
      this.states.set(key, state);
    }
    this.fade(state);
    return state;
  }

  private fade(state: State): void {
    const idleMs = this.now() - state.seenAt;
    const kept = keptAfter(idleMs, halfLifeMs);
    if (kept === 1) return;
    state.seenAt = this.now();
    state.spreads = state.spreads.map((spread) => state.priorSpread + kept * (spread - state.priorSpread));
    const ratioKept = keptAfter(idleMs, ratioHalfLifeMs);
    state.ratio = 1 + ratioKept * (state.ratio - 1);
    state.known *= ratioKept;
  }
}

/** What is left of what was learnt after a time without news; all of it for a second. */
function keptAfter(idleMs: number, halfMs: number): number {
  return idleMs < 1000 ? 1 : 0.5 ** (idleMs / halfMs);
}

/** Weight of the newest of so many batches in a running mean. */
function newsShare(batches: number): number {
  return Math.max(1 / window, 1 / (batches + priorBatches));
}

function toState({ id, manifest }: Timed, now: number): State {
  const { lengths } = servedLatency(manifest);
  const { p50Ms, p95Ms } = must(lengths[lengths.length >> 1]);
  const priorSpread = Math.min(2, Math.max(1.25, p95Ms / p50Ms));
  const spreads = classesMs.map(() => priorSpread);
  return { id, priorSpread, ratio: 1, known: 0, inferRatio: 1, batches: 0, spreads, seenAt: now };
}

function classOf(ms: number): number {
  return classesMs.findIndex((most) => ms < most || most === Number.POSITIVE_INFINITY);
}
