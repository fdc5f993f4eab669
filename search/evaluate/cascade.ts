import { isDeepStrictEqual } from "node:util";
import type { Cascade } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { createRandom, shuffle } from "../../src/random.ts";
import { mean } from "../../src/stats.ts";

/** How two students do on a row. */
export interface Judged {
  /** Language that the fast student takes the text for. */
  readonly language: string;
  /** Probability that the fast student gives its answer. */
  readonly confidence: number;
  readonly fastRight: boolean;
  readonly largeRight: boolean;
}

export type Thresholds = Pick<Cascade["tasks"][number], "threshold" | "languages">;
export type Quality = Pick<Cascade["tasks"][number], "kept" | "accuracy" | "largeAccuracy" | "rows">;

/** A language with fewer rows goes by the threshold of all. */
const leastRows = 200;

/**
 * Thresholds above which the fast student's answers may stand: as low as the loss allows. Each language with rows enough has its own.
 * @param mostLoss accuracy that may be lost against the larger student, as a share of 1.
 */
export function fitThresholds(rows: readonly Judged[], mostLoss: number): Thresholds {
  const languages = [...new Set(rows.map(({ language }) => language))].sort();
  const fitted = languages.flatMap((language): [string, number][] => {
    const own = rows.filter((row) => row.language === language);
    return own.length < leastRows ? [] : [[language, fitThreshold(own, mostLoss)]];
  });
  return { threshold: fitThreshold(rows, mostLoss), languages: Object.fromEntries(fitted) };
}

/**
 * The confidence of the last row that cannot be kept, rows being kept from the most confident one downwards. What counts is one
 * standard error on the safe side: of as many rows on which the students disagree, luck moves the sum by their root.
 */
function fitThreshold(rows: readonly Judged[], mostLoss: number): number {
  const sorted = rows.toSorted((a, b) => b.confidence - a.confidence);
  let gain = 0;
  let disagreements = 0;
  let threshold = must(sorted[0], "a row").confidence;
  sorted.forEach(({ confidence, fastRight, largeRight }, i) => {
    gain += Number(fastRight) - Number(largeRight);
    disagreements += Number(fastRight !== largeRight);
    const next = sorted[i + 1]?.confidence ?? 0;
    const allowed = gain - Math.sqrt(disagreements) >= -mostLoss * rows.length;
    if (next < confidence && allowed) threshold = next;
  });
  return threshold;
}

/** What the thresholds do on rows that they were not fitted on: each half is judged by those of the other. */
export function judgeThresholds(rows: readonly Judged[], mostLoss: number): Quality {
  const mixed = shuffle([...rows], createRandom(1));
  const halves = [mixed.filter((_, i) => i % 2 === 0), mixed.filter((_, i) => i % 2 === 1)] as const;
  const outcomes = halves.flatMap((half, i) => {
    const thresholds = fitThresholds(must(halves[1 - i]), mostLoss);
    return half.map((row) => {
      const kept = row.confidence > (thresholds.languages[row.language] ?? thresholds.threshold);
      return { kept, right: kept ? row.fastRight : row.largeRight };
    });
  });
  return {
    kept: mean(outcomes.map(({ kept }) => Number(kept))),
    accuracy: mean(outcomes.map(({ right }) => Number(right))),
    largeAccuracy: mean(rows.map(({ largeRight }) => Number(largeRight))),
    rows: rows.length,
  };
}

/**
 * A cascade that takes the place of another: thresholds of tasks that were not judged now stay, where they are for the same version of the
 * larger student.
 */
export function inPlaceOf(old: Cascade | undefined, { to, tasks }: Cascade): Cascade {
  const known = old !== undefined && isDeepStrictEqual(old.to, to) ? old.tasks : [];
  const isJudged = (name: string) => tasks.some(({ task }) => task === name);
  return { to, tasks: [...known.filter(({ task }) => !isJudged(task)), ...tasks] };
}
