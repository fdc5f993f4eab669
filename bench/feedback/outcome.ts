import type { Attempt } from "../../search/learn/try-corrections.ts";
import type { Manifest, Score } from "../../src/contract/manifest.ts";
import { meanScore } from "../../src/contract/mean-score.ts";
import { must } from "../../src/invariant.ts";
import { mean } from "../../src/stats.ts";

/** What one student is worth, in points, and what the gates say of it. */
export interface Outcome {
  readonly name: string;
  /** Of the held-out corrections. */
  readonly right: number;
  /** Mean over the validation rows of the shift, whose sets are few and of any size, and over all other sets. */
  readonly there: number;
  readonly elsewhere: number;
  /** Elsewhere, against the student before; above zero a gain. */
  readonly change: number;
  /** Empty for the student before. */
  readonly verdict: string;
}

export interface Subject {
  readonly task: string;
  readonly language: string;
}

export function outcomeBefore({ scores }: Pick<Manifest, "scores">, right: number, subject: Subject): Outcome {
  return { name: "before", right: 100 * right, ...points(scores, subject), change: 0, verdict: "" };
}

/** Each share of the way, and the student that `npm run learn` ends with: the first that passes, or else as it was. */
export function outcomesOf(name: string, attempts: readonly Attempt[], before: Outcome, subject: Subject): Outcome[] {
  const tried = attempts.map(({ exported, judged }): Outcome => {
    const { there, elsewhere } = points(exported.manifest.scores, subject);
    const change = elsewhere - before.elsewhere;
    const verdict = judged.refusal ?? "passed";
    return { name: `${name}, ${100 * judged.share} %`, right: 100 * judged.right, there, elsewhere, change, verdict };
  });
  const taken = tried.find(({ verdict }) => verdict === "passed");
  const verdict = taken === undefined ? "stays as it was" : "passed";
  return [...tried, { ...(taken ?? before), name: `${name}, as learned`, verdict }];
}

function points(scores: readonly Score[], { task, language }: Subject): { there: number; elsewhere: number } {
  const isThere = (score: Score) => score.task === task && score.language === language;
  return {
    there: 100 * meanOverRows(scores.filter(isThere)),
    elsewhere: 100 * meanScore(scores.filter((score) => !isThere(score))),
  };
}

function meanOverRows(scores: readonly Score[]): number {
  const rows = scores.reduce((sum, score) => sum + score.rows, 0);
  return scores.reduce((sum, score) => sum + score.rows * score.student, 0) / rows;
}

/** Over seeds, with how many of them passed. */
export function meanOutcomes(seeds: readonly (readonly Outcome[])[]): Outcome[] {
  return must(seeds[0]).map(({ name, verdict }, i) => {
    const same = seeds.map((outcomes) => must(outcomes[i]));
    const over = (key: "right" | "there" | "elsewhere" | "change") => mean(same.map((outcome) => outcome[key]));
    const passed = same.filter((outcome) => outcome.verdict === "passed").length;
    return {
      ...{ name, right: over("right"), there: over("there"), elsewhere: over("elsewhere"), change: over("change") },
      verdict: verdict === "" ? "" : `${passed} of ${seeds.length} passed`,
    };
  });
}
