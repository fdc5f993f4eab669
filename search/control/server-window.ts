import { metricNames } from "../../src/contract/metrics.ts";
import { UpstreamError } from "../../src/errors.ts";
import { type Histogram, type Sample, toBins, toHistograms } from "../reward/metrics-text.ts";
import type { BudgetOutcomes } from "./budget-outcomes.ts";
import { type RolloutWindow, readRolloutWindows } from "./rollout-window.ts";

/** What one process did between two looks. */
export interface ServerWindow {
  readonly seconds: number;
  readonly workers: number | null;
  readonly texts: number;
  readonly budgets: BudgetOutcomes;
  /** Texts by the length that a student read; a bucket stands for its middle. */
  readonly lengths: readonly { readonly tokens: number; readonly texts: number }[];
  readonly students: readonly StudentWindow[];
  readonly drift: readonly { readonly task: string; readonly feature: string; readonly score: number }[];
  readonly corrections: number;
  readonly rollouts: readonly RolloutWindow[];
}

export interface StudentWindow {
  readonly name: string;
  readonly versions: readonly string[];
  readonly texts: number;
  /** Time worked, tokenising and inference, s. */
  readonly workedSeconds: number;
  readonly errorRatio: number | null;
}

/** A ratio beyond this either way is a mix-up of servers or units. */
const maxErrorRatio = 30;
/** No student takes less for a text. */
const leastSecondsOfText = 2e-6;

/** @throws {UpstreamError} naming what no server can have counted in this time. */
export function toServerWindow(gains: readonly Sample[], seconds: number): ServerWindow {
  const window = readWindow(gains, seconds);
  const fault = findFault(window);
  if (fault !== null) throw new UpstreamError(`absurd: ${fault}`);
  return window;
}

function readWindow(gains: readonly Sample[], seconds: number): ServerWindow {
  const sumOf = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    gains
      .filter(
        (sample) =>
          sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      )
      .reduce((sum, { value }) => sum + value, 0);
  const outcome = (name: string) => sumOf(metricNames.budget, { outcome: name });
  return {
    seconds,
    workers: gains.find(({ name }) => name === metricNames.workers)?.value ?? null,
    // The last stage is there once a text, however many tasks it was asked.
    texts: sumOf(`${metricNames.stageSeconds}_count`, { stage: "post" }),
    budgets: {
      met: outcome("met"),
      downgraded: outcome("downgraded"),
      missed: outcome("missed"),
      refused: outcome("refused"),
    },
    lengths: toHistograms(gains, metricNames.studentTokens).flatMap(toLengths),
    students: readStudents(gains),
    drift: gains
      .filter(({ name, value }) => name === metricNames.driftScore && !Number.isNaN(value))
      .map(({ labels, value }) => ({ task: labels.task ?? "", feature: labels.feature ?? "", score: value })),
    corrections:
      sumOf(metricNames.feedback, { verdict: "corrected" }) + sumOf(metricNames.feedback, { verdict: "unmatched" }),
    rollouts: readRolloutWindows(gains),
  };
}

function toLengths({ buckets }: Histogram): { tokens: number; texts: number }[] {
  return toBins(buckets)
    .filter(({ count }) => count > 0)
    .map(({ low, le, count }) => ({ tokens: Number.isFinite(le) ? (low + 1 + le) / 2 : low, texts: count }));
}

function readStudents(gains: readonly Sample[]): StudentWindow[] {
  const worked = toHistograms(gains, metricNames.stageSeconds).filter(({ labels }) =>
    ["tokenize", "infer"].includes(labels.stage ?? ""),
  );
  const names = [...new Set(worked.map(({ labels }) => labels.student ?? ""))];
  return names.map((name) => {
    const own = worked.filter(({ labels }) => labels.student === name);
    const ratio = gains.find(
      (sample) => sample.name === metricNames.predictionErrorRatio && sample.labels.student === name,
    )?.value;
    return {
      name,
      versions: gains
        .filter(
          (sample) => sample.name === metricNames.studentInfo && sample.labels.student === name && sample.value === 1,
        )
        .map(({ labels }) => labels.version ?? ""),
      texts: own.find(({ labels }) => labels.stage === "infer")?.count ?? 0,
      workedSeconds: own.reduce((sum, histogram) => sum + histogram.sum, 0),
      errorRatio: ratio === undefined || Number.isNaN(ratio) ? null : ratio,
    };
  });
}

function findFault({ seconds, workers, texts, students, drift, lengths }: ServerWindow): string | null {
  const worked = students.reduce((sum, student) => sum + student.workedSeconds, 0);
  const inferred = students.reduce((sum, student) => sum + student.texts, 0);
  if (workers !== null && !(workers >= 1 && workers <= 4096)) return `${workers} workers`;
  if (inferred > (seconds * (workers ?? 4096)) / leastSecondsOfText)
    return `${inferred} texts in ${Math.round(seconds)} s`;
  if (worked > (seconds + 60) * (workers ?? 4096)) return `${Math.round(worked)} s worked in ${Math.round(seconds)} s`;
  if (inferred > 100 && worked < inferred * leastSecondsOfText) return `${inferred} texts in ${worked} s of work`;
  if (texts > 100 && lengths.length === 0) return `${texts} texts without a length`;
  const ratio = students.find(({ errorRatio: r }) => r !== null && !(r <= maxErrorRatio && r >= 1 / maxErrorRatio));
  if (ratio !== undefined) return `${ratio.name} takes ${ratio.errorRatio} times what its manifest says`;
  const wild = drift.find(({ score }) => !(score >= 0 && score <= 100));
  return wild === undefined ? null : `drift score ${wild.score} of ${wild.task}`;
}
