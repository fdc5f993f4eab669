import type { Latency } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { openSession, type Session, Tensor } from "../../src/onnx/session.ts";
import { quantile } from "../../src/stats.ts";

/**
 * Times a student as it will be served: the int8 artefact, one text a run, through the same session.
 *
 * Lengths take turns in short rounds, so that a burst of other work on the machine falls on all of them. With one thread
 * a run counts the processor time it took where that is less than the wall clock: a search trains while it measures, and
 * the wall clock of a 10 ms run then tells how often it was interrupted. What remains, and cannot be seen from here, is
 * that busy neighbours share the caches and the clock frequency.
 */
export interface MeasureOptions {
  readonly threads: number;
  /** Ids are spread over this many rows of the token table, which the model must have. @default 1000 */
  readonly vocabulary?: number;
  /** Time to spend on all lengths together, loading left out. @default 1500 */
  readonly budgetMs?: number;
}

export interface LengthTiming {
  readonly tokens: number;
  readonly runs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Interquartile range as a share of the median: above 0.2 the machine was busy. */
  readonly spread: number;
}

const ROUNDS = 5;
/** Untimed runs a length: the runtime plans memory for each new shape. */
const WARM_UP_RUNS = 3;
/** Timed runs a round and length whatever the clock says, for slow models. */
const MIN_RUNS = 3;

/** Median and 95th percentile in ms for each length, in the form of the manifest. */
export async function measureLatency(
  model: string | Uint8Array,
  lengths: readonly number[],
  options: MeasureOptions,
): Promise<Latency["lengths"]> {
  const timings = await timeLengths(model, lengths, options);
  return timings.map(({ tokens, p50Ms, p95Ms }) => ({ tokens, p50Ms, p95Ms }));
}

/** As `measureLatency`, with the number of runs and their spread. */
export async function timeLengths(
  model: string | Uint8Array,
  lengths: readonly number[],
  { threads, vocabulary = 1000, budgetMs = 1500 }: MeasureOptions,
): Promise<LengthTiming[]> {
  const session = await openSession(model, { threads });
  try {
    const inputs = lengths.map((tokens) => ({
      tokens,
      feeds: createFeeds(tokens, vocabulary),
      samplesMs: [] as number[],
    }));
    for (const { feeds } of inputs) for (let i = 0; i < WARM_UP_RUNS; i++) await session.run(feeds);
    const shareMs = budgetMs / ROUNDS / lengths.length;
    for (let round = 0; round < ROUNDS; round++) {
      for (const { feeds, samplesMs } of inputs) samplesMs.push(...(await timeRuns(session, feeds, shareMs, threads)));
    }
    return inputs.map(({ tokens, samplesMs }) => toTiming(tokens, samplesMs));
  } finally {
    await session.release();
  }
}

async function timeRuns(
  session: Session,
  feeds: Record<string, Tensor>,
  shareMs: number,
  threads: number,
): Promise<number[]> {
  const samplesMs: number[] = [];
  const end = performance.now() + shareMs;
  while (samplesMs.length < MIN_RUNS || performance.now() < end) {
    const startCpu = process.cpuUsage();
    const start = performance.now();
    await session.run(feeds);
    const wallMs = performance.now() - start;
    const { user, system } = process.cpuUsage(startCpu);
    samplesMs.push(threads === 1 ? Math.min(wallMs, (user + system) / 1000) : wallMs);
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

function toTiming(tokens: number, samplesMs: readonly number[]): LengthTiming {
  const [q25, p50Ms, q75, p95Ms] = [0.25, 0.5, 0.75, 0.95].map((q) => quantile(samplesMs, q));
  const median = must(p50Ms);
  return {
    tokens,
    runs: samplesMs.length,
    p50Ms: median,
    p95Ms: must(p95Ms),
    spread: (must(q75) - must(q25)) / median,
  };
}
