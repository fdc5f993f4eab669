import type { Effort } from "../config.ts";

/** Factors on the effort of a preset that `--hours` may come to. */
const [least, most] = [0.01, 8];

/**
 * `factor` times the work: tokens of teacher and students grow with it; of the trials, both their number and their tokens grow
 * with its root, so that more time means more of them and truer ones.
 */
export function scaleEffort(effort: Effort, factor: number): Effort {
  const root = Math.sqrt(factor);
  const times = (count: number, by: number) => Math.round(count * by);
  return {
    ...effort,
    trials: Math.max(effort.trialsPerEpisode, times(effort.trials, root)),
    proxyTokens: times(effort.proxyTokens, root),
    trialTokens: times(effort.trialTokens, root),
    teacherTokens: times(effort.teacherTokens, factor),
    softTokens: times(effort.softTokens, factor),
    ...scaleCompletion(effort, factor),
  };
}

/** What comes after the trials. */
export function scaleCompletion(effort: Effort, factor: number) {
  const { distilTexts, distilTokens, headTokens, staticHeadTokens, ngramTokens } = effort;
  const scaled = { distilTexts, distilTokens, headTokens, staticHeadTokens, ngramTokens };
  return Object.fromEntries(
    Object.entries(scaled).map(([name, tokens]) => [name, Math.round(tokens * factor)]),
  ) as typeof scaled;
}

/** The largest factor for which the work takes no longer than this; `secondsOf` grows with it. */
export function fitFactor(seconds: number, secondsOf: (factor: number) => number): number {
  if (secondsOf(most) <= seconds) return most;
  let [low, high] = [Math.log(least), Math.log(most)];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (secondsOf(Math.exp(middle)) <= seconds) low = middle;
    else high = middle;
  }
  return Math.exp(low);
}
