import type { Random } from "../../src/random.ts";
import { wordsOf } from "./fragment.ts";
import { groupBy, type LabelledExample, type Material, type Prepared } from "./preparation.ts";

/** Made pairs go by this name; their scores are 0..100. */
const damagedSet = "damaged_pairs";

/** Share of the pairs of which a damaged copy is made: of translations by people, and of judged machine translations. */
const copyTrue = 0.6;
const copyJudged = 0.15;

/**
 * People judge machine translations, which are seldom about something else. What a translation is not is taught with
 * damaged copies: another row's target, a copy of the source, a target cut short, with another number or words of
 * another text. True pairs are turned around at random, so that they teach both directions.
 */
export function prepareAdequacy({ task, examples, random }: Material): Prepared {
  const byPair = groupBy(examples, (e) => e.language);
  const labels = task.labels ?? [];
  const made = examples.flatMap((example) => {
    const isTrue = (task.toTarget(example, labels, example.dataSet)?.[1] ?? 0) > 0.99;
    const others = byPair.get(example.language) ?? [];
    const damaged = random.next() < (isTrue ? copyTrue : copyJudged) ? damage(example, others, isTrue, random) : null;
    const kept = isTrue && random.next() < 0.5 ? turned(example) : example;
    if (damaged === null) return [kept];
    return [kept, isTrue && random.next() < 0.5 ? turned(damaged) : damaged];
  });
  return { labels, examples: made };
}

function turned(example: LabelledExample): LabelledExample {
  const [from, to] = languagesOf(example.language);
  return { ...example, text: example.pair as string, pair: example.text, language: `${to}-${from}` };
}

/** Codes may hold a region (`pt-MZ-en`): a lower-case part opens a new code. */
export function languagesOf(pair: string): [string, string] {
  const codes = pair.split(/-(?=[a-z])/);
  return [codes[0] as string, codes[1] ?? ""];
}

type Damage = readonly [pair: string, score: number] | null;

function damage(
  example: LabelledExample,
  others: readonly LabelledExample[],
  isTrue: boolean,
  random: Random,
): LabelledExample | null {
  const target = example.pair as string;
  const other = others[random.int(others.length)] as LabelledExample;
  // A judged translation may be poor already: only what is wrong whatever it was like is made of it.
  const made =
    !isTrue || random.next() < 0.45 ? exchanged(example, other, random) : spoilt(target, other.pair as string, random);
  if (made === null || made[0] === target) return null;
  return { ...example, pair: made[0], label: String(made[1]), dataSet: damagedSet, weight: 1 };
}

function exchanged(example: LabelledExample, other: LabelledExample, random: Random): Damage {
  if (random.next() < 0.1) return [example.text, 0];
  return other.text === example.text ? null : [other.pair as string, 0];
}

function spoilt(target: string, foreign: string, random: Random): Damage {
  if (/\d/.test(target) && random.next() < 0.6) return [otherNumber(target, random), 30];
  return random.next() < 0.5 ? cutShort(target, random) : mixed(target, foreign, random);
}

function otherNumber(text: string, random: Random): string {
  return text.replace(/\d/, (digit) => String((Number(digit) + 1 + random.int(8)) % 10));
}

function cutShort(text: string, random: Random): Damage {
  const { words, joint } = wordsOf(text);
  if (words.length < 4) return null;
  const left = 0.3 + 0.4 * random.next();
  return [words.slice(0, Math.ceil(words.length * left)).join(joint), Math.round(70 * left)];
}

/** A third of the words, at least one, replaced by another text's. */
function mixed(text: string, foreign: string, random: Random): Damage {
  const { words, joint } = wordsOf(text);
  const loan = wordsOf(foreign).words;
  if (words.length < 3 || loan.length === 0) return null;
  const count = Math.max(1, Math.round(words.length / 3));
  const start = random.int(words.length - count + 1);
  const first = random.int(loan.length);
  const replacement = Array.from({ length: count }, (_, i) => loan[(first + i) % loan.length] as string);
  return [[...words.slice(0, start), ...replacement, ...words.slice(start + count)].join(joint), 25];
}
