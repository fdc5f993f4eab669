import type { Latency } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { openGraph } from "../../src/onnx/open-graph.ts";
import { type Session, Tensor } from "../../src/onnx/session.ts";
import { quantile } from "../../src/stats.ts";

/**
 * Times a student as it will be served: the int8 artefact, one text a run, through the same session.
 *
 * Lengths take turns in short rounds, so that a burst of other work on the machine falls on all of them, and the quietest
 * quarter of the rounds counts. With one thread a run counts the processor time it took where that is less than the wall
 * clock: a search trains while it measures, and the wall clock of a 10 ms run then tells how often it was interrupted.
 * What remains, and cannot be seen from here, is that busy neighbours share the caches and the clock frequency.
 *
 * So both percentiles are of the artefact on an idle core. p95 above p50 is the runtime's and the collector's doing, not
 * that of other programs; what those add in production comes from a server's metrics.
 */
export interface TimerOptions {
  readonly threads: number;
  /** Ids are spread over this many rows of the token table, which the model must have. @default 1000 */
  readonly vocabulary?: number;
}

export interface MeasureOptions extends TimerOptions {
  /** Time to spend on all lengths together, loading left out. @default 1500 */
  readonly budgetMs?: number;
}

export interface LengthTiming {
  readonly tokens: number;
  /** Runs of all rounds. */
  readonly runs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Tenth percentile of all runs: what one takes undisturbed, on a machine however busy. */
  readonly quietMs: number;
  /** Interquartile range of all runs as a share of the median: above 0.2 the machine was busy. */
  readonly spread: number;
}

/** An open model, warmed up. */
export interface Timer {
  /** Times every length once more, for about `shareMs` each. */
  round(shareMs: number): Promise<void>;
  timings(): LengthTiming[];
  release(): Promise<void>;
}

const ROUNDS = 12;
/** Untimed runs a length: the runtime plans memory for each new shape. */
const WARM_UP_RUNS = 3;
/** Timed runs a round and length whatever the clock says, for slow models. */
const MIN_RUNS = 3;
/** A round may take this many times its share when the machine is busy. */
const BUSY_FACTOR = 4;

/** A model's path or bytes, or what opens it. */
export type TimedModel = string | Uint8Array | (() => Promise<Session>);

/** Median and 95th percentile in ms for each length, in the form of the manifest. */
export async function measureLatency(
  model: TimedModel,
  lengths: readonly number[],
  options: MeasureOptions,
): Promise<Latency["lengths"]> {
  const timings = await timeLengths(model, lengths, options);
  return timings.map(({ tokens, p50Ms, p95Ms }) => ({ tokens, p50Ms, p95Ms }));
}

/** As `measureLatency`, with the number of runs and their spread. */
export async function timeLengths(
  model: TimedModel,
  lengths: readonly number[],
  { budgetMs = 1500, ...options }: MeasureOptions,
): Promise<LengthTiming[]> {
  const timer = await openTimer(model, lengths, options);
  try {
    for (let round = 0; round < ROUNDS; round++) await timer.round(budgetMs / ROUNDS / lengths.length);
    return timer.timings();
  } finally {
    await timer.release();
  }
}

/** Opens a model for timing: several may take turns, so that a busy minute does not fall on one of them alone. */
export async function openTimer(
  model: TimedModel,
  lengths: readonly number[],
  { threads, vocabulary = 1000 }: TimerOptions,
): Promise<Timer> {
  const session = typeof model === "function" ? await model() : await openGraph(model, { threads });
  const inputs = lengths.map((tokens) => ({
    tokens,
    feeds: createFeeds(tokens, vocabulary),
    rounds: [] as number[][],
  }));
  try {
    for (const { feeds } of inputs) for (let i = 0; i < WARM_UP_RUNS; i++) await session.run(feeds);
  } catch (error) {
    await session.release();
    throw error;
  }
  return {
    round: async (shareMs) => {
      for (const { feeds, rounds } of inputs) rounds.push(await timeRuns(session, feeds, shareMs, threads));
    },
    timings: () => inputs.map(({ tokens, rounds }) => toTiming(tokens, rounds)),
    release: () => session.release(),
  };
}

async function timeRuns(
  session: Session,
  feeds: Record<string, Tensor>,
  shareMs: number,
  threads: number,
): Promise<number[]> {
  const samplesMs: number[] = [];
  // brings the weights back into the caches, where a student in service has them
  await session.run(feeds);
  // a busy machine gets more time, or it would see fewer runs just where it needs more
  const end = performance.now() + BUSY_FACTOR * shareMs;
  let spentMs = 0;
  while (samplesMs.length < MIN_RUNS || (spentMs < shareMs && performance.now() < end)) {
    const startCpu = process.cpuUsage();
    const start = performance.now();
    await session.run(feeds);
    const wallMs = performance.now() - start;
    const { user, system } = process.cpuUsage(startCpu);
    const ms = threads === 1 ? Math.min(wallMs, (user + system) / 1000) : wallMs;
    samplesMs.push(ms);
    spentMs += ms;
  }
  return samplesMs;
}

function createFeeds(tokens: number, vocabulary: number): Record<string, Tensor> {
  // a large odd stride visits rows far from each other, as text does, so that the table's cache misses are in the time
  const ids = Int32Array.from({ length: tokens }, (_, i) => (i * 7919 + 5) % vocabulary);
  return {
    ids: new Tensor("int32", ids, [1, tokens]),
    mask: new Tensor("float32", new Float32Array(tokens).fill(1), [1, tokens]),
  };
}

function toTiming(tokens: number, rounds: readonly (readonly number[])[]): LengthTiming {
  const byMedian = [...rounds].sort((a, b) => quantile(a, 0.5) - quantile(b, 0.5));
  const quiet = byMedian.slice(0, Math.ceil(rounds.length / 4)).flat();
  const all = rounds.flat();
  const [q25, q50, q75] = [0.25, 0.5, 0.75].map((q) => quantile(all, q));
  return {
    tokens,
    runs: all.length,
    p50Ms: quantile(quiet, 0.5),
    p95Ms: quantile(quiet, 0.95),
    quietMs: quantile(all, 0.1),
    spread: (must(q75) - must(q25)) / must(q50),
  };
}
