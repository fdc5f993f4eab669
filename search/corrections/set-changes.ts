import { invariant, must } from "../../src/invariant.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { mean, variance } from "../../src/stats.ts";
import { groupBy } from "../corpus/preparation.ts";
import { type JudgedSet, metrics } from "../heads/score.ts";

/**
 * How much validation sets gain from one student to another, and how far chance could have moved that. Both students answer the
 * same rows, so rows are drawn anew with replacement, the same ones for both (paired bootstrap: Efron and Tibshirani
 * 1993; Koehn 2004), and the task's own metric is taken of them: it serves macro-F1, accuracy and correlations alike.
 */
export interface SetChange {
  readonly task: string;
  readonly dataSet: string;
  /** 100 times the score after less that before; a mean over the set's languages. */
  readonly points: number;
  /** Standard error of the points: what another draw of as many rows would change. */
  readonly error: number;
}

/** Enough to know a standard error by about 4 %; 40,000 rows take two seconds. */
const draws = 300;

/** Rows of a set in one language, as numbers that its metric takes. */
interface PairedRows {
  readonly metric: JudgedSet["metric"];
  readonly truth: Float64Array;
  readonly before: Float64Array;
  readonly after: Float64Array;
}

/** Of every data set, the worst first. @param after the same sets as `before`, with the answers of the other student */
export function setChanges(before: readonly JudgedSet[], after: readonly JudgedSet[]): SetChange[] {
  const keyOf = ({ set }: JudgedSet) => JSON.stringify([set.task, set.dataSet, set.language]);
  const others = new Map(after.map((set) => [keyOf(set), set]));
  const dataSets = groupBy(before, ({ set }) => JSON.stringify([set.task, set.dataSet]));
  const changes = [...dataSets.values()].map((languages) => {
    const rows = languages.map((set) => paired(set, must(others.get(keyOf(set)), keyOf(set))));
    const { task, dataSet } = must(languages[0]).set;
    return { task, dataSet, points: 100 * mean(rows.map(gain)), error: 100 * standardError(rows) };
  });
  return changes.sort((a, b) => a.points - b.points);
}

function paired({ metric, rows }: JudgedSet, { rows: others }: JudgedSet): PairedRows {
  invariant(rows.length === others.length, "both students are judged on the same rows");
  return {
    metric,
    truth: Float64Array.from(rows, ({ truth }) => truth),
    before: Float64Array.from(rows, ({ predicted }) => predicted),
    after: Float64Array.from(others, ({ predicted }) => predicted),
  };
}

function gain({ metric, truth, before, after }: PairedRows): number {
  const score = metrics[metric];
  return score(truth, after) - score(truth, before);
}

/** Each language keeps its number of rows in every draw, as its weight in the mean does not hang on it. */
function standardError(languages: readonly PairedRows[]): number {
  const random = createRandom(1);
  // The same answers are no gain in any draw.
  const moved = languages.filter(({ before, after }) => after.some((answer, i) => answer !== before[i]));
  const sums = Array.from({ length: draws }, () => moved.reduce((sum, rows) => sum + gain(drawn(rows, random)), 0));
  return Math.sqrt(variance(sums)) / languages.length;
}

/** Of one row after the other: this is where the time goes. */
function drawn({ metric, truth, before, after }: PairedRows, random: Random): PairedRows {
  const size = truth.length;
  const draw = { metric, truth: new Float64Array(size), before: new Float64Array(size), after: new Float64Array(size) };
  for (let i = 0; i < size; i++) {
    const row = random.int(size);
    draw.truth[i] = truth[row] as number;
    draw.before[i] = before[row] as number;
    draw.after[i] = after[row] as number;
  }
  return draw;
}
