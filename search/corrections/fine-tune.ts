import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import { shareOf } from "../corpus/known-sets.ts";
import { groupBy } from "../corpus/preparation.ts";
import { drawnShare, type HeadTrainingOptions, peakRate, trainTasks } from "../heads/train-heads.ts";
import { type EncodedExample, type EncodedTask, encoderOf } from "../student/encoded-task.ts";
import type { Weights } from "../student/weights.ts";
import type { Correction } from "./corrections.ts";

/**
 * Fine-tunes a finished student on corrections, with replay of what it was trained on so that it does not forget (experience
 * replay: Robins 1995; Chaudhry et al. 2019). Half of the examples of a corrected task are corrections, and corrected
 * tasks together have half of the batches.
 */
interface FineTuning extends Omit<HeadTrainingOptions, "tokens"> {
  readonly maxTokens: number;
  readonly smoothing: number;
  /** What the student was trained on; nothing: corrections alone, by which it forgets. */
  readonly replay: readonly EncodedTask[];
}

const correctedShare = 0.5;
/** Of the examples of a corrected task. */
const correctionShare = 0.5;
/** Times that each correction is seen. */
const passes = 12;
/** Of the learning rate that the student was trained with. */
const rateShare = 0.5;

/** All weights of the student after it. @throws {DivergedError} */
export async function fineTuneOnCorrections(
  a: Architecture,
  weights: Weights,
  corrections: readonly Correction[],
  tokenizer: Tokenizer,
  options: FineTuning & { readonly tasks: readonly EncodedTask[] },
): Promise<Weights> {
  const encoded = encodeCorrections(corrections, tokenizer, options);
  const tasks = options.replay.length === 0 ? encoded : withReplay(encoded, options.replay);
  const trained = await trainTasks(a, weights, tasks, {
    ...options,
    tokens: tokensFor(encoded, options.replay),
    peakRate: rateShare * peakRate(a),
    dataSetShare: sharesFor(encoded, options.replay, drawnShare(a)),
  });
  return new Map([...weights, ...trained]);
}

/** Tasks that are learned on a finished encoder, with corrections among their examples, and how often each data set is drawn. */
export function besideCorrected(
  corrections: readonly Correction[],
  beside: readonly EncodedTask[],
  tokenizer: Tokenizer,
  options: Pick<FineTuning, "maxTokens" | "smoothing">,
): { readonly beside: readonly EncodedTask[]; readonly dataSetShare: (dataSet: string) => number } {
  const encoded = encodeCorrections(corrections, tokenizer, { ...options, tasks: beside });
  const examplesOf = (name: string) => encoded.find(({ task }) => task.name === name)?.examples ?? [];
  return {
    beside: beside.map((own) => ({ ...own, examples: [...own.examples, ...examplesOf(own.task.name)] })),
    dataSetShare: sharesFor(encoded, beside, shareOf),
  };
}

/** Name of a task's corrections among its data sets. */
function dataSetOf(task: string): string {
  return `feedback (${task})`;
}

function encodeCorrections(
  corrections: readonly Correction[],
  tokenizer: Tokenizer,
  { maxTokens, smoothing, tasks }: { maxTokens: number; smoothing: number; tasks: readonly EncodedTask[] },
): EncodedTask[] {
  const encode = encoderOf(tokenizer, maxTokens);
  return [...groupBy(corrections, ({ task }) => task)].map(([name, own]) => {
    const { task, labels } = must(tasks.find((known) => known.task.name === name));
    const examples = own.map(
      ({ texts: [text, pair], target }): EncodedExample => ({
        ...encode(must(text), pair),
        target: target.map((p) => p * (1 - smoothing) + smoothing / labels.length),
        weight: 1,
        dataSet: dataSetOf(name),
      }),
    );
    return { task, labels, examples };
  });
}

/** Corrections join their task's examples; the weights say how often each task has its turn. */
function withReplay(encoded: readonly EncodedTask[], replay: readonly EncodedTask[]): EncodedTask[] {
  const others = replay.filter(({ task }) => !encoded.some((own) => own.task.name === task.name));
  const weightOf = (tasks: readonly EncodedTask[]) => tasks.reduce((sum, { task }) => sum + task.weight, 0);
  const scale =
    others.length === 0 ? 1 : (weightOf(others) * correctedShare) / (1 - correctedShare) / weightOf(encoded);
  const corrected = encoded.map((own) => {
    const old = replay.find(({ task }) => task.name === own.task.name)?.examples ?? [];
    return { ...own, task: { ...own.task, weight: own.task.weight * scale }, examples: [...old, ...own.examples] };
  });
  return [...corrected, ...others];
}

/** A set is drawn by share · √size: the share that makes corrections `correctionShare` of their task's draws. */
function sharesFor(
  encoded: readonly EncodedTask[],
  replay: readonly EncodedTask[],
  replayShare: (dataSet: string) => number,
): (dataSet: string) => number {
  const shares = new Map(
    encoded.map(({ task, examples }) => {
      const old = groupBy(
        replay.find((known) => known.task.name === task.name)?.examples ?? [],
        ({ dataSet }) => dataSet,
      );
      const weights = [...old].map(([dataSet, own]) => replayShare(dataSet) * Math.sqrt(weightSum(own)));
      const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
      return [dataSetOf(task.name), ((correctionShare / (1 - correctionShare)) * total) / Math.sqrt(examples.length)];
    }),
  );
  return (dataSet) => shares.get(dataSet) ?? replayShare(dataSet);
}

function weightSum(examples: readonly EncodedExample[]): number {
  return examples.reduce((sum, { weight }) => sum + weight, 0);
}

/** So many that each correction is seen `passes` times, whatever else is seen between. */
function tokensFor(encoded: readonly EncodedTask[], replay: readonly EncodedTask[]): number {
  const once = encoded
    .flatMap(({ examples }) => examples)
    .reduce((sum, { ids, pairIds }) => sum + ids.length + (pairIds?.length ?? 0), 0);
  const others = replay.some(({ task }) => !encoded.some((own) => own.task.name === task.name));
  const share = replay.length === 0 ? 1 : correctionShare * (others ? correctedShare : 1);
  return Math.ceil((passes * once) / share);
}
