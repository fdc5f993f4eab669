import { must } from "../../src/invariant.ts";
import { createRandom, shuffle } from "../../src/random.ts";
import { softmax } from "../../src/stats.ts";
import type { EncodedExample, EncodedTask } from "../student/encoded-task.ts";
import { packInts } from "../student/packed-arrays.ts";
import type { Logits } from "./predict.ts";
import { fullTrust, type Trust } from "./teacher-trust.ts";

/**
 * Targets from the fine-tuned teacher (Hinton et al. 2015): what it says of a labelled text is mixed with the label, and texts that
 * have no label for a task get what it says alone. A text that one task has labels for is an unlabelled one to the others.
 */

/** A text that the teacher is asked about. */
export interface AskedText {
  readonly ids: Int32Array;
  readonly dataSet: string;
}

/** Share of the teacher in the target of a labelled text. */
const teacherShare = 0.6;
/** Suffix of the sets whose labels are the teacher's alone. */
const pseudo = " (teacher)";

export interface AskOptions {
  readonly tokens: number;
  readonly seed: number;
  /** Weight of a data set, beside the root of its size. */
  readonly dataSetShare: (dataSet: string) => number;
}

/**
 * Chooses texts up to a number of tokens: every data set has a part by share · √size, and what a small set leaves goes
 * to the others. Texts in random order.
 */
export function textsToAsk(texts: readonly AskedText[], options: AskOptions): AskedText[] {
  const random = createRandom(options.seed);
  const sets = [...groupBySet(texts)].map(([dataSet, all]) => {
    const members = shuffle(withoutRepeats(all), random);
    return { members, weight: options.dataSetShare(dataSet) * Math.sqrt(members.length) };
  });
  return shuffle(fillEvenly(sets, options.tokens), random);
}

/** Adds what the teacher says, `logits` of `asked` by task, to the targets of the tasks that learn from it, where it is trusted. */
export function withSoftTargets(
  tasks: readonly EncodedTask[],
  asked: readonly AskedText[],
  logits: ReadonlyMap<string, Logits>,
  trust: Trust = fullTrust,
): EncodedTask[] {
  return tasks.map((encoded) => {
    const said = logits.get(encoded.task.name);
    if (encoded.task.certain || said === undefined) return encoded;
    return { ...encoded, examples: taught(encoded, asked, said, trust) };
  });
}

function taught(encoded: EncodedTask, asked: readonly AskedText[], logits: Logits, trust: Trust): EncodedExample[] {
  const { name } = encoded.task;
  const byText = new Map(asked.map(({ ids }, i) => [keyOf(ids), softmax(must(logits[i]), 1)]));
  const labelled = new Set<string>();
  const mixed = encoded.examples.map((example) => {
    const key = keyOf(example.ids);
    labelled.add(key);
    const said = byText.get(key);
    return said === undefined || !trust(name, example.dataSet)
      ? example
      : { ...example, target: mix(example.target, said) };
  });
  if (!trust(name, null)) return mixed;
  const pack = packInts();
  const unlabelled = asked.flatMap(({ ids, dataSet }): EncodedExample[] => {
    const key = keyOf(ids);
    if (labelled.has(key)) return [];
    const target = Float32Array.from(must(byText.get(key)));
    return [{ ids: pack(ids), pairIds: null, target, weight: 1, dataSet: dataSet + pseudo }];
  });
  return [...mixed, ...unlabelled];
}

function mix(target: Float32Array, said: ArrayLike<number>): Float32Array {
  return target.map((p, i) => (1 - teacherShare) * p + teacherShare * must(said[i]));
}

/** Takes from every set in turn, by weight, until the tokens are spent or nothing is left. */
function fillEvenly(sets: readonly { members: readonly AskedText[]; weight: number }[], tokens: number): AskedText[] {
  const chosen: AskedText[] = [];
  const taken = sets.map(() => ({ count: 0, tokens: 0 }));
  let left = tokens;
  while (left > 0) {
    const next = sets.reduce((best, { members, weight }, i) => {
      const mine = must(taken[i]);
      if (mine.count === members.length) return best;
      return best === -1 || mine.tokens / weight < must(taken[best]).tokens / must(sets[best]).weight ? i : best;
    }, -1);
    if (next === -1) break;
    const mine = must(taken[next]);
    const text = must(must(sets[next]).members[mine.count++]);
    mine.tokens += text.ids.length;
    left -= text.ids.length;
    chosen.push(text);
  }
  return chosen;
}

function groupBySet(texts: readonly AskedText[]): Map<string, AskedText[]> {
  const groups = new Map<string, AskedText[]>();
  for (const text of texts) {
    const group = groups.get(text.dataSet);
    if (group) group.push(text);
    else groups.set(text.dataSet, [text]);
  }
  return groups;
}

function withoutRepeats(texts: readonly AskedText[]): AskedText[] {
  return [...new Map(texts.map((text) => [keyOf(text.ids), text])).values()];
}

function keyOf(ids: Int32Array): string {
  return ids.join();
}
