import { invariant, must } from "../../src/invariant.ts";
import { createRandom, type Random, shuffle } from "../../src/random.ts";
import { groupBy } from "../corpus/preparation.ts";
import { type EncodedExample, type EncodedTask, lengthOf, taskBatch } from "./encoded-task.ts";
import { type BatchLimits, lengthBatches } from "./length-batches.ts";
import type { TrainingBatch } from "./training-loop.ts";

export interface StreamOptions {
  readonly seed: number;
  readonly limits: BatchLimits;
  /** Weight of a data set in the draw, beside the root of its size. @default 1 */
  readonly dataSetShare: (dataSet: string) => number;
  /** Share of a text's tokens that are left out at random in every draw (Iyyer et al. 2015). @default 0 */
  readonly tokenDropout?: number;
}

/** Examples drawn at a time: enough to sort by length, few enough to mix. */
const chunkExamples = 1536;

/** An endless stream of training batches over all tasks, in the ratio of their weights. */
export function* trainingStream(
  tasks: readonly EncodedTask[],
  options: StreamOptions & { readonly padId: number },
): Generator<TrainingBatch, never> {
  const usable = tasks.filter((encoded) => encoded.examples.length > 0);
  invariant(usable.length > 0, "there are examples of a task to train on");
  const byName = new Map(usable.map((encoded) => [encoded.task.name, encoded]));
  const streams = new Map(
    usable.map((encoded, i) => [encoded.task.name, taskBatches(encoded, { ...options, seed: options.seed + i })]),
  );
  const dropping = createRandom(options.seed + usable.length);
  const turns = taskTurns(new Map(usable.map((encoded) => [encoded.task.name, encoded.task.weight])));
  for (;;) {
    const name = turns.next().value;
    const drawn = must(streams.get(name)).next().value;
    const { tokenDropout } = options;
    const examples = tokenDropout ? drawn.map((e) => withoutTokens(e, tokenDropout, dropping)) : drawn;
    yield { objective: name, ...taskBatch(must(byName.get(name)), examples, options.padId) };
  }
}

/**
 * An endless stream of training batches that mixes the data sets of a task: each example comes from a set drawn by
 * share · √size, so that large sets do not drown small ones, and from the set's rows in shuffled passes.
 */
export function* taskBatches(encoded: EncodedTask, options: StreamOptions): Generator<EncodedExample[], never> {
  const random = createRandom(options.seed);
  const sets = [...groupBy(encoded.examples, ({ dataSet }) => dataSet)].map(([dataSet, examples]) => ({
    next: passes(examples, random),
    weight: options.dataSetShare(dataSet) * Math.sqrt(examples.reduce((total, e) => total + e.weight, 0)),
  }));
  const weights = sets.map((set) => set.weight);
  for (;;) {
    const chunk = Array.from({ length: chunkExamples }, () => must(sets[draw(weights, random)]).next());
    const limits = encoded.task.input === "pair" ? halved(options.limits) : options.limits;
    for (const batch of lengthBatches(chunk.map(lengthOf), limits, random)) yield batch.map((i) => must(chunk[i]));
  }
}

/** Pairs stay whole: a translation without some of its words is no good one, whatever was said of it. */
function withoutTokens(example: EncodedExample, share: number, random: Random): EncodedExample {
  return example.pairIds === null ? { ...example, ids: thinned(example.ids, share, random) } : example;
}

/** The special tokens at both ends stay, and a text keeps at least one of its own. */
function thinned(ids: Int32Array, share: number, random: Random): Int32Array {
  const kept = ids.filter((_, i) => i === 0 || i === ids.length - 1 || random.next() >= share);
  return kept.length > 2 ? kept : ids;
}

/** An endless stream of task names in the ratio of the tasks' weights, each task spread evenly. */
export function* taskTurns(weights: ReadonlyMap<string, number>): Generator<string, never> {
  const due = new Map([...weights].map(([name]) => [name, 0]));
  const total = [...weights.values()].reduce((a, b) => a + b, 0);
  for (;;) {
    for (const [name, weight] of weights) due.set(name, must(due.get(name)) + weight / total);
    const [name, owed] = [...due].reduce((a, b) => (b[1] > a[1] ? b : a));
    due.set(name, owed - 1);
    yield name;
  }
}

function passes(examples: readonly EncodedExample[], random: Random): () => EncodedExample {
  const order = [...examples];
  let at = order.length;
  return () => {
    if (at === order.length) {
      shuffle(order, random);
      at = 0;
    }
    return must(order[at++]);
  };
}

function draw(weights: readonly number[], random: Random): number {
  let left = random.next() * weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < weights.length; i++) {
    left -= must(weights[i]);
    if (left < 0) return i;
  }
  return weights.length - 1;
}

/** A pair takes two rows. */
function halved(limits: BatchLimits): BatchLimits {
  return { tokens: Math.floor(limits.tokens / 2), rows: Math.max(1, Math.floor(limits.rows / 2)) };
}
