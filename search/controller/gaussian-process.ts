import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { invariant, must } from "../../src/invariant.ts";
import type { Random } from "../../src/random.ts";
import { mean } from "../../src/stats.ts";

/**
 * Regression with uncertainty for tens of examples: an ensemble of Gaussian processes (Rasmussen and Williams 2006, chapters 2
 * and 5). The kernel is a line plus a Matérn 5/2 term with a length scale for each feature. Scales are not fitted to one best
 * set, which few examples cannot name, but searched at random; the members are the most probable of those tried, each with its
 * share of the evidence.
 *
 * Examples come in groups (earlier searches, this one). What groups have in common is learned as well: see `Scales.agreement`.
 */
export interface Example {
  /** Each roughly in [0, 1]. */
  readonly features: readonly number[];
  readonly value: number;
  readonly group: number;
}

export type Place = Pick<Example, "features" | "group">;

/** A normal distribution, in the unit of the examples' values. */
export interface Belief {
  readonly mean: number;
  readonly deviation: number;
}

export interface Regression {
  predict(places: readonly Place[]): Belief[];
  /** The same ensemble after further examples; scales stay as they are. */
  with(examples: readonly Example[]): Regression;
}

/** Sets of scales that are tried: half of them afresh, half near the best so far. */
const DRAWS = 120;
const MEMBERS = 5;
/** Share of the variance of standardised values that all examples of a group may be off by. */
const GROUP_VARIANCE = 0.5;
/** So much of a Matérn or linear term there is in any case, or a kernel matrix may have no decomposition. */
const JITTER = 1e-6;

/** What a process assumes before it sees values, which are standardised. */
interface Scales {
  readonly lengths: readonly number[];
  readonly line: number;
  readonly curve: number;
  readonly noise: number;
  /** Correlation in (0, 1) between equal places of different groups. */
  readonly agreement: number;
}

interface Member {
  readonly scales: Scales;
  readonly weight: number;
  /** Lower triangle of the kernel matrix's decomposition, row-major [examples, examples]. */
  readonly lower: Float64Array;
  /** Inverse of the kernel matrix times the values. */
  readonly alpha: Float64Array;
}

/** Fits the ensemble; the same examples and random numbers give the same one. */
export function fitRegression(examples: readonly Example[], random: Random): Regression {
  invariant(examples.length > 0, "a regression has examples");
  const values = examples.map((example) => example.value);
  const centre = mean(values);
  const unit = Math.sqrt(mean(values.map((value) => (value - centre) ** 2))) || 1;
  const standardised = examples.map((example) => ({ ...example, value: (example.value - centre) / unit }));
  const tried = searchScales(standardised, random).slice(0, MEMBERS);
  const best = must(tried[0]).evidence;
  const shares = tried.map(({ evidence }) => Math.exp(evidence - best));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const chosen = tried.map(({ scales }, i) => ({ scales, weight: must(shares[i]) / total }));
  return ensemble(standardised, chosen, { centre, unit });
}

function ensemble(
  examples: readonly Example[],
  chosen: readonly Pick<Member, "scales" | "weight">[],
  { centre, unit }: { readonly centre: number; readonly unit: number },
): Regression {
  const members = chosen.map((member): Member => ({ ...member, ...must(decompose(examples, member.scales)) }));
  return {
    predict: (places) =>
      places.map((place) => {
        const { mean, deviation } = mixture(members, examples, place);
        return { mean: centre + unit * mean, deviation: unit * deviation };
      }),
    with: (more) => {
      const added = more.map((example) => ({ ...example, value: (example.value - centre) / unit }));
      return ensemble([...examples, ...added], chosen, { centre, unit });
    },
  };
}

interface Tried {
  readonly scales: Scales;
  /** Log marginal likelihood plus log prior. */
  readonly evidence: number;
  /** What `toScales` made the scales of. */
  readonly logs: readonly number[];
}

/** Sets of scales, the most probable first. */
function searchScales(examples: readonly Example[], random: Random): Tried[] {
  const length = must(examples[0]).features.length + 4;
  const tried: Tried[] = [];
  for (let i = 0; i < DRAWS; i++) {
    const start = i < DRAWS / 2 ? null : tried.reduce((a, b) => (b.evidence > a.evidence ? b : a));
    const logs = Array.from({ length }, (_, at) =>
      start === null ? random.normal() : must(start.logs[at]) + 0.3 * random.normal(),
    );
    const scales = toScales(logs);
    const evidence = logLikelihood(examples, scales) - 0.5 * logs.reduce((sum, z) => sum + z * z, 0);
    tried.push({ scales, evidence, logs });
  }
  return tried.sort((a, b) => b.evidence - a.evidence);
}

/** Standard normal numbers to scales with log-normal priors: lengths about the range of a feature, noise about a tenth of the values' deviation. */
function toScales(logs: readonly number[]): Scales {
  const at = (i: number) => must(logs.at(i));
  return {
    lengths: logs.slice(0, -4).map((z) => 1.2 * Math.exp(0.8 * z)),
    line: 0.6 * Math.exp(0.7 * at(-4)),
    curve: 0.7 * Math.exp(0.5 * at(-3)),
    noise: 0.12 * Math.exp(0.7 * at(-2)),
    agreement: 1 / (1 + Math.exp(-2 - 1.5 * at(-1))),
  };
}

function logLikelihood(examples: readonly Example[], scales: Scales): number {
  const decomposition = decompose(examples, scales);
  if (decomposition === null) return Number.NEGATIVE_INFINITY;
  const { lower, alpha } = decomposition;
  const n = examples.length;
  return examples.reduce(
    (sum, { value }, i) => sum - 0.5 * value * (alpha[i] as number) - Math.log(lower[i * n + i] as number),
    0,
  );
}

/** Null when the matrix is singular to working precision. */
function decompose(examples: readonly Example[], scales: Scales): Pick<Member, "lower" | "alpha"> | null {
  const kernelMatrix = Matrix.zeros(examples.length, examples.length);
  examples.forEach((a, i) => {
    for (let j = 0; j <= i; j++) {
      const k = kernel(a, must(examples[j]), scales) + (i === j ? scales.noise ** 2 + JITTER : 0);
      kernelMatrix.set(i, j, k);
      kernelMatrix.set(j, i, k);
    }
  });
  const decomposition = new CholeskyDecomposition(kernelMatrix);
  if (!decomposition.isPositiveDefinite()) return null;
  const values = Matrix.columnVector(examples.map((example) => example.value));
  return {
    lower: Float64Array.from(decomposition.lowerTriangularMatrix.to1DArray()),
    alpha: Float64Array.from(decomposition.solve(values).to1DArray()),
  };
}

/** Covariance of the values at two places. */
function kernel(a: Place, b: Place, { lengths, line, curve, agreement }: Scales): number {
  let product = 1;
  let square = 0;
  for (let i = 0; i < lengths.length; i++) {
    const [x, y, length] = [a.features[i] as number, b.features[i] as number, lengths[i] as number];
    product += (x - 0.5) * (y - 0.5);
    square += ((x - y) / length) ** 2;
  }
  const r = Math.sqrt(5 * square);
  const smooth = line ** 2 * product + curve ** 2 * (1 + r + (r * r) / 3) * Math.exp(-r);
  return a.group === b.group ? smooth + GROUP_VARIANCE : agreement * smooth;
}

function mixture(members: readonly Member[], examples: readonly Example[], place: Place): Belief {
  const beliefs = members.map((member) => posterior(member, examples, place));
  const weighted = (of: (belief: Belief) => number) =>
    beliefs.reduce((sum, belief, i) => sum + must(members[i]).weight * of(belief), 0);
  const centre = weighted((belief) => belief.mean);
  return { mean: centre, deviation: Math.sqrt(weighted((b) => b.deviation ** 2 + (b.mean - centre) ** 2)) };
}

function posterior({ scales, lower, alpha }: Member, examples: readonly Example[], place: Place): Belief {
  const n = examples.length;
  const solved = new Float64Array(n);
  let mean = 0;
  let variance = kernel(place, place, scales);
  for (let i = 0; i < n; i++) {
    const k = kernel(place, examples[i] as Example, scales);
    mean += k * (alpha[i] as number);
    let rest = k;
    for (let j = 0; j < i; j++) rest -= (lower[i * n + j] as number) * (solved[j] as number);
    const z = rest / (lower[i * n + i] as number);
    solved[i] = z;
    variance -= z * z;
  }
  return { mean, deviation: Math.sqrt(Math.max(variance, 0) + scales.noise ** 2) };
}
