import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import { mean } from "../../src/stats.ts";
import { invert } from "../reward/linear.ts";
import type { OkTrial } from "../space/trial.ts";

/**
 * What each dimension of the space contributed: an additive model of the trials, one effect for each value of each dimension
 * (ridge regression), and the share that a dimension's effects have in the variance of all effects, as in a functional ANOVA of
 * first order (Hutter et al. 2014). Says how well the model predicts trials that it has not seen, since shares of a model that cannot
 * mean nothing.
 */
export interface Contribution {
  readonly dimension: string;
  /** Of the variance of effects, over the trials; null when nothing was learned. */
  readonly share: number | null;
  /** What trials with each value reached, whatever their other dimensions. */
  readonly values: readonly { readonly value: string; readonly outcomes: readonly number[] }[];
}

export interface Contributions {
  readonly contributions: readonly Contribution[];
  /** 1 - squared error over variance, of trials left out one by one: 1 perfect, 0 no better than their mean, may be negative. */
  readonly heldOutR2: number;
}

/** A dimension's value of an architecture; null where it has none, as a static student has no heads. */
const dimensions: readonly { readonly name: string; levelOf(a: Architecture): number | string | null }[] = [
  { name: "layers", levelOf: (a) => a.layers },
  { name: "hidden width", levelOf: (a) => (a.layers === 0 ? null : a.hidden) },
  { name: "feed-forward / hidden", levelOf: (a) => (a.layers === 0 ? null : Number((a.ffn / a.hidden).toFixed(2))) },
  { name: "head width", levelOf: (a) => (a.layers === 0 ? null : a.hidden / a.heads) },
  { name: "activation", levelOf: (a) => (a.layers === 0 ? null : a.activation) },
  { name: "table width", levelOf: (a) => a.tableWidth },
  { name: "vocabulary", levelOf: (a) => a.vocabulary },
];

const RIDGES = [0.1, 0.3, 1, 3, 10];

/** Contributions to `outcomeOf` over dimensions that took more than one value; null for fewer than three trials. */
export function contributionsTo(
  trials: readonly OkTrial[],
  outcomeOf: (trial: OkTrial) => number,
): Contributions | null {
  if (trials.length < 3) return null;
  const outcomes = trials.map(outcomeOf);
  const varied = dimensions
    .map(({ name, levelOf }) => ({ name, levels: levelsOf(trials.map((trial) => levelOf(trial.architecture))) }))
    .filter(({ levels }) => levels.length > 1);
  const columns = varied.flatMap(({ levels }) => levels.map(({ rows }) => rows.map(Number)));
  const model = RIDGES.map((ridge) => fitAdditive(columns, outcomes, ridge)).reduce((a, b) =>
    b.heldOutR2 > a.heldOutR2 ? b : a,
  );
  let column = 0;
  const effects = varied.map(({ levels }) => {
    const own = levels.map(() => column++);
    return trials.map((_, t) => own.reduce((sum, c) => sum + must(model.effects[c]) * must(must(columns[c])[t]), 0));
  });
  const variances = effects.map(variance);
  const total = variances.reduce((sum, value) => sum + value, 0);
  return {
    heldOutR2: model.heldOutR2,
    contributions: varied.map(({ name, levels }, d) => ({
      dimension: name,
      share: total > 0 && model.heldOutR2 > 0 ? must(variances[d]) / total : null,
      values: levels.map(({ value, rows }) => ({ value: String(value), outcomes: outcomes.filter((_, t) => rows[t]) })),
    })),
  };
}

/** The values that occur, in order, each with the trials that have it. */
function levelsOf(values: readonly (number | string | null)[]) {
  const present = [...new Set(values.filter((value) => value !== null))];
  const sorted = present.sort((a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1,
  );
  return sorted.map((value) => ({ value, rows: values.map((each) => each === value) }));
}

/** Ridge around the mean; errors of trials left out follow from the leverages, without fitting again. */
function fitAdditive(columns: readonly (readonly number[])[], outcomes: readonly number[], ridge: number) {
  const center = mean(outcomes);
  const n = outcomes.length;
  const centered = columns.map((column) => column.map((value) => value - mean(column)));
  const products = centered.map((a, i) =>
    centered.map((b, j) => a.reduce((sum, value, t) => sum + value * must(b[t]), i === j ? ridge : 0)),
  );
  const inverse = invert(products);
  const right = centered.map((column) =>
    column.reduce((sum, value, t) => sum + value * (must(outcomes[t]) - center), 0),
  );
  const effects = inverse.map((row) => row.reduce((sum, value, i) => sum + value * must(right[i]), 0));
  let missed = 0;
  for (let t = 0; t < n; t++) {
    const x = centered.map((column) => must(column[t]));
    const predicted = x.reduce((sum, value, i) => sum + value * must(effects[i]), 0);
    const leverage = x.reduce(
      (sum, value, i) => sum + value * x.reduce((s, other, j) => s + other * must(must(inverse[i])[j]), 0),
      1 / n,
    );
    missed += ((must(outcomes[t]) - center - predicted) / Math.max(1e-6, 1 - leverage)) ** 2;
  }
  return { effects, heldOutR2: 1 - missed / (n * variance(outcomes) || 1) };
}

function variance(values: readonly number[]): number {
  const center = mean(values);
  return mean(values.map((value) => (value - center) ** 2));
}
