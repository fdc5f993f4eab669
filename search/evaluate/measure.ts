import type { ManifestTask } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { accuracy, mean } from "../../src/stats.ts";
import { taskOf } from "../../src/tasks/index.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";
import type { Corpus } from "../corpus/assemble.ts";
import { cutSet } from "../corpus/cut-validation.ts";
import { handlingOf } from "../corpus/known-sets.ts";
import { groupBy } from "../corpus/preparation.ts";
import { expectedCalibrationError } from "../heads/calibrate.ts";
import type { Classifier } from "../heads/predict.ts";
import { type Judged, type JudgedSet, judgedSets, type SetLogits, scoresOf, validationLogits } from "../heads/score.ts";
import type { Measured } from "./measured.ts";

export const languageTask = "language";
const cutWords = [10, 5, 3];

export interface MeasureOptions {
  readonly names: readonly string[];
  readonly tokenizer: Tokenizer;
  readonly maxTokens: number;
  /** The tasks as they answer, which may be fitted to the results first. */
  readonly tasksOf: (results: readonly SetLogits[]) => readonly ManifestTask[];
  readonly onProgress?: (done: number, total: number) => void;
}

/** Runs a classifier over the validation sets, and over those of language identification with their texts cut. */
export async function measure(classifier: Classifier, corpus: Corpus, options: MeasureOptions): Promise<Measured> {
  const { names, tokenizer, maxTokens } = options;
  const results = await validationLogits(classifier, corpus, names, tokenizer, maxTokens, options.onProgress);
  const tasks = options.tasksOf(results);
  const language = tasks.find(({ name }) => name === languageTask);
  const cuts = language === undefined ? [] : cutsOf(null, judgedSets(results, [language]));
  const languageSets = corpus.validation.filter(({ task }) => task === languageTask);
  for (const words of language === undefined ? [] : cutWords) {
    const cut = { validation: languageSets.map((set) => cutSet(set, words)) };
    const short = await validationLogits(classifier, cut, [languageTask], tokenizer, maxTokens);
    cuts.push(...cutsOf(words, judgedSets(short, [language as ManifestTask])));
  }
  return {
    scores: scoresOf(results, tasks),
    kinds: kindsOf(judgedSets(results, tasks)),
    confusions: language === undefined ? [] : confusionsOf(judgedSets(results, [language]), language),
    cuts,
    calibration: tasks.flatMap((task) => calibrationOf(judgedSets(results, [task]), task)),
  };
}

/** Of the public set only: the project's own sentences are too few a language. */
function cutsOf(words: number | null, sets: readonly JudgedSet[]): Measured["cuts"][number][] {
  const large = sets.filter(({ set, rows }) => rows.length > 0 && !set.dataSet.startsWith("sample_"));
  return large.map(({ set, rows }) => ({ words, language: set.language, rows: rows.length, accuracy: shareOf(rows) }));
}

function kindsOf(sets: readonly JudgedSet[]): Measured["kinds"] {
  const suites = sets.filter(({ set }) => handlingOf(set.dataSet).functional);
  return suites.flatMap(({ set: { dataSet, language }, metric, rows }) =>
    Array.from(
      groupBy(rows, ({ row }) => (row.kind ?? "").split("|")[0] as string),
      ([kind, cases]) => {
        const accuracy = metric === "pearson" ? orderOf(cases, rows) : shareOf(cases);
        return { dataSet, language, kind, rows: cases.length, accuracy };
      },
    ).filter(({ accuracy: share }) => !Number.isNaN(share)),
  );
}

/** Scores of 50 and more are those of the good cases. */
const goodFrom = 50;

/**
 * Of scores: how often one of these cases is on the right side of one that is good where it is bad, or bad where it is good (the area under
 * the curve). A tie counts half; NaN where there is none of the other class.
 */
function orderOf(cases: readonly Judged[], all: readonly Judged[]): number {
  const isGood = ({ truth }: Judged) => truth >= goodFrom;
  const sides = cases.flatMap((one) =>
    all
      .filter((other) => isGood(other) !== isGood(one))
      .map((other) => {
        const ahead = isGood(one) ? one.predicted - other.predicted : other.predicted - one.predicted;
        return ahead === 0 ? 0.5 : Number(ahead > 0);
      }),
  );
  return mean(sides);
}

function confusionsOf(sets: readonly JudgedSet[], { labels }: ManifestTask): Measured["confusions"] {
  return sets.flatMap(({ set, rows }) =>
    Array.from(
      groupBy(rows, ({ predicted }) => must(labels[predicted])),
      ([answer, those]) => ({ language: set.language, answer, rows: those.length }),
    ),
  );
}

function calibrationOf(sets: readonly JudgedSet[], task: ManifestTask): Measured["calibration"] {
  const rows = sets.flatMap((set) => set.rows);
  if (rows.length === 0 || taskOf(task).metric === "pearson") return [];
  const errorAt = (temperature: number) =>
    expectedCalibrationError(
      rows.map(({ logits }) => logits),
      rows.map(({ truth }) => truth),
      temperature,
    );
  const { temperature } = task;
  return [{ task: task.name, before: errorAt(1), after: errorAt(temperature), temperature }];
}

function shareOf(rows: readonly Judged[]): number {
  return accuracy(
    rows.map(({ truth }) => truth),
    rows.map(({ predicted }) => predicted),
  );
}
