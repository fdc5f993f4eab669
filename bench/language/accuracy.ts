import { groupBy } from "../../search/corpus/preparation.ts";
import { mean } from "../../src/stats.ts";

export interface Answer {
  readonly language: string;
  readonly answer: string;
}

/** Share of right answers, the mean over the languages of a set, so that each counts the same; NaN when there are none. */
export function meanAccuracy(answers: readonly Answer[], languages: ReadonlySet<string>): number {
  const asked = groupBy(
    answers.filter(({ language }) => languages.has(language)),
    ({ language }) => language,
  );
  return mean(
    [...asked.values()].map((own) => own.filter(({ language, answer }) => language === answer).length / own.length),
  );
}

/** Languages below a share of right answers, the worst first, with what they are taken for. */
export function weakest(answers: readonly Answer[], languages: ReadonlySet<string>, below: number): string[] {
  return [...groupBy(answers, ({ language }) => language)]
    .filter(([language]) => languages.has(language))
    .map(([language, own]) => ({ language, own, accuracy: meanAccuracy(own, languages) }))
    .filter(({ accuracy }) => accuracy < below)
    .sort((a, b) => a.accuracy - b.accuracy)
    .map(({ language, own, accuracy }) => `${language} ${(100 * accuracy).toFixed(0)} (${mistakes(own)})`);
}

function mistakes(own: readonly Answer[]): string {
  const wrong = groupBy(
    own.filter(({ language, answer }) => language !== answer),
    ({ answer }) => answer,
  );
  const byCount = [...wrong].sort((a, b) => b[1].length - a[1].length).slice(0, 3);
  return byCount.map(([answer, those]) => `${answer} ${((100 * those.length) / own.length).toFixed(0)}`).join(" ");
}
