import { isDiskFull } from "../../src/disk-full.ts";
import type { Feeds } from "../../src/onnx/session.ts";
import type { Batch } from "../../src/text/batch.ts";
import type { Position } from "./checkpoint.ts";
import { learningRateAt, type Schedule } from "./schedule.ts";
import { type NewTraining, type TrainingThread, withTraining } from "./training-thread.ts";
import type { Weights } from "./weights.ts";

/** A batch on its way into a training step. */
export interface TrainingBatch {
  readonly objective: string;
  readonly batch: Batch;
  readonly targets: Feeds;
}

export interface Progress {
  readonly tokens: number;
  readonly totalTokens: number;
  /** Over the last report. */
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
  /** Mean loss by objective since the last report. */
  readonly losses: Readonly<Record<string, number>>;
}

export interface LoopOptions {
  /** Tokens, padding left out, after which the training is done. */
  readonly totalTokens: number;
  readonly schedule: Schedule;
  readonly onProgress: (progress: Progress) => void;
  /** Called after each step, with the tokens seen so far; the next step waits for it. */
  readonly afterStep?: (tokens: number) => Promise<void>;
  /** File to resume from; written every `checkpointSeconds` and at the end. Drop it once the result is safe. */
  readonly checkpoint?: string;
  /** @default 60, and no more than a fiftieth of the time: writing half a gigabyte takes seconds */
  readonly checkpointSeconds?: number;
  /** @default 10 */
  readonly reportSeconds?: number;
  /** Ends the training after the step that it is at, with the reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A loss that is no number: the trial is lost, the search is not. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/** Steps with a gradient that is not finite are skipped; so many in a row mean that nothing will come of it. */
const skippedStepsAllowed = 20;

/**
 * Runs training steps until the token budget is spent, each batch made while the one before is learned. `batches` must be the same
 * stream on every start: a resumed loop passes over what its checkpoint has seen. @throws {DivergedError}
 */
export async function runTraining(
  training: TrainingThread,
  batches: Iterator<TrainingBatch, unknown>,
  options: LoopOptions,
): Promise<Position> {
  let { steps, tokens } = options.checkpoint ? await training.load(options.checkpoint) : { steps: 0, tokens: 0 };
  for (let i = 0; i < steps; i++) batches.next();
  const report = createReport(tokens, options);
  const saveNowAndThen = createSaver(training, options);
  let skipped = 0;
  let next = batches.next();
  while (tokens < options.totalTokens && !next.done) {
    options.signal?.throwIfAborted();
    const { objective, batch, targets } = next.value;
    const rate = learningRateAt(options.schedule, tokens / options.totalTokens);
    const step = training.step(objective, batch, targets, rate);
    const [{ loss, gradientNorm }, following] = await Promise.all([step, Promise.resolve().then(() => batches.next())]);
    next = following;
    skipped = Number.isFinite(loss) && Number.isFinite(gradientNorm) ? 0 : skipped + 1;
    if (skipped > skippedStepsAllowed)
      throw new DivergedError(`the loss of ${objective} is ${loss} after ${tokens} tokens`);
    steps++;
    tokens += textTokens(batch);
    report(objective, loss, tokens);
    await options.afterStep?.(tokens);
    await saveNowAndThen({ steps, tokens });
  }
  if (options.checkpoint) await trySave(options.checkpoint, training, { steps, tokens });
  return { steps, tokens };
}

/** A whole training, from its thread's start to its end; all weights. See `runTraining`. */
export function trainToEnd(
  training: NewTraining,
  batches: Iterator<TrainingBatch, unknown>,
  options: LoopOptions,
): Promise<Weights> {
  return withTraining(training, async (thread) => {
    await runTraining(thread, batches, options);
    return await thread.weights();
  });
}

function createSaver(training: TrainingThread, { checkpoint, checkpointSeconds }: LoopOptions) {
  let [savedAt, savedInMs] = [performance.now(), 0];
  const pauseMs = () => (checkpointSeconds === undefined ? Math.max(60_000, 50 * savedInMs) : checkpointSeconds * 1000);
  return async (position: Position) => {
    const began = performance.now();
    if (checkpoint === undefined || began - savedAt <= pauseMs()) return;
    await trySave(checkpoint, training, position);
    savedAt = performance.now();
    savedInMs = savedAt - began;
  };
}

/** A full disk costs the checkpoint, not the training: the one before stays, and there may be room for the next. */
async function trySave(path: string, training: TrainingThread, position: Position): Promise<void> {
  try {
    await training.save(path, position);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
}

function textTokens(batch: Batch): number {
  return batch.mask.reduce((total, m) => total + m, 0);
}

/** Gathers losses and calls `onProgress` every few seconds. */
function createReport(startTokens: number, options: LoopOptions) {
  let since = performance.now();
  let tokensThen = startTokens;
  let losses = new Map<string, { sum: number; count: number }>();
  return (objective: string, loss: number, tokens: number) => {
    const known = losses.get(objective) ?? { sum: 0, count: 0 };
    losses.set(objective, { sum: known.sum + loss, count: known.count + 1 });
    const seconds = (performance.now() - since) / 1000;
    if (seconds < (options.reportSeconds ?? 10) && tokens < options.totalTokens) return;
    const tokensPerSecond = (tokens - tokensThen) / seconds;
    options.onProgress({
      tokens,
      totalTokens: options.totalTokens,
      tokensPerSecond,
      secondsLeft: Math.max(0, options.totalTokens - tokens) / tokensPerSecond,
      losses: Object.fromEntries([...losses].map(([name, { sum, count }]) => [name, sum / count])),
    });
    since = performance.now();
    tokensThen = tokens;
    losses = new Map();
  };
}
