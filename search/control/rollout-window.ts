import { z } from "zod";
import { metricNames } from "../../src/contract/metrics.ts";
import { type Histogram, histogramQuantile, type Sample, toHistograms } from "../reward/metrics-text.ts";

/** Cumulative counts by the finite upper bounds of the buckets; the last count is of all. */
const WorkCounts = z.strictObject({ bounds: z.array(z.number()), cumulative: z.array(z.number()) });
type WorkCounts = Readonly<z.infer<typeof WorkCounts>>;

/** What a candidate did in a time: of one process, or added up. */
export const RolloutWindow = z.strictObject({
  student: z.string(),
  /** Version of the candidate. */
  version: z.string(),
  stage: z.string(),
  texts: z.number().nonnegative(),
  failed: z.number().nonnegative(),
  /** A server asks it nothing more. */
  suspended: z.boolean(),
  agreement: z.array(z.strictObject({ task: z.string(), texts: z.number(), agreed: z.number() })),
  /** Time worked for a text, s, of both. */
  work: z.strictObject({ live: WorkCounts, candidate: WorkCounts }),
});
export type RolloutWindow = Readonly<z.infer<typeof RolloutWindow>>;

const noWork: WorkCounts = { bounds: [], cumulative: [] };

export function readRolloutWindows(gains: readonly Sample[]): RolloutWindow[] {
  const texts = gains.filter(({ name }) => name === metricNames.rolloutTexts);
  return texts.map(({ labels: { student = "", candidate: version = "", stage = "" }, value }) => {
    const own = gains.filter(({ labels }) => {
      return labels.student === student && labels.candidate === version && (labels.stage ?? stage) === stage;
    });
    return {
      student,
      version,
      stage,
      texts: value,
      failed: sum(own.filter(({ name }) => name === metricNames.rolloutFailures)),
      suspended: own.some(({ name, value }) => name === metricNames.rolloutSuspended && value === 1),
      agreement: readAgreement(own.filter(({ name }) => name === metricNames.rolloutAgreement)),
      work: readWork(toHistograms(own, metricNames.rolloutWorkSeconds)),
    };
  });
}

function readAgreement(samples: readonly Sample[]): RolloutWindow["agreement"] {
  const tasks = [...new Set(samples.map(({ labels }) => labels.task ?? ""))];
  return tasks.map((task) => {
    const own = samples.filter(({ labels }) => labels.task === task);
    return { task, texts: sum(own), agreed: sum(own.filter(({ labels }) => labels.verdict === "agree")) };
  });
}

function readWork(histograms: readonly Histogram[]): RolloutWindow["work"] {
  const of = (role: string) =>
    histograms
      .filter(({ labels }) => labels.role === role)
      .map(toCounts)
      .reduce(addWork, noWork);
  return { live: of("live"), candidate: of("candidate") };
}

function toCounts({ buckets }: Histogram): WorkCounts {
  return { bounds: buckets.slice(0, -1).map(({ le }) => le), cumulative: buckets.map(({ cumulative }) => cumulative) };
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}

/** Of the same candidate and stage. */
export function addRolloutWindows(a: RolloutWindow, b: RolloutWindow): RolloutWindow {
  const tasks = [...new Set([...a.agreement, ...b.agreement].map(({ task }) => task))];
  return {
    ...a,
    texts: a.texts + b.texts,
    failed: a.failed + b.failed,
    suspended: a.suspended || b.suspended,
    agreement: tasks.map((task) => {
      const both = [...a.agreement, ...b.agreement].filter((each) => each.task === task);
      const total = (of: (each: (typeof both)[number]) => number) => both.reduce((all, each) => all + of(each), 0);
      return { task, texts: total(({ texts }) => texts), agreed: total(({ agreed }) => agreed) };
    }),
    work: { live: addWork(a.work.live, b.work.live), candidate: addWork(a.work.candidate, b.work.candidate) },
  };
}

/** Servers of versions with other buckets do not add up: the later ones count. */
function addWork(a: WorkCounts, b: WorkCounts): WorkCounts {
  if (a.bounds.length !== b.bounds.length || a.bounds.some((bound, i) => bound !== b.bounds[i])) {
    return b.bounds.length === 0 ? a : b;
  }
  return { bounds: a.bounds, cumulative: a.cumulative.map((count, i) => count + (b.cumulative[i] ?? 0)) };
}

/** Candidate's p95 divided by the live student's; null before both have worked. */
export function p95Ratio({ live, candidate }: RolloutWindow["work"]): number | null {
  const [ours, theirs] = [p95(candidate), p95(live)];
  return ours === null || theirs === null || theirs === 0 ? null : ours / theirs;
}

function p95({ bounds, cumulative }: WorkCounts): number | null {
  const count = cumulative.at(-1) ?? 0;
  if (count === 0) return null;
  const buckets = cumulative.map((each, i) => ({ le: bounds[i] ?? Number.POSITIVE_INFINITY, cumulative: each }));
  return histogramQuantile({ labels: {}, buckets, sum: 0, count }, 0.95);
}
