import { metricNames } from "../../../src/contract/metrics.ts";
import { UpstreamError } from "../../../src/errors.ts";
import { type Histogram, histogramQuantile, type Sample, toBins, toHistograms } from "../metrics-text.ts";

/**
 * What a server's counts say about production: how long its texts are, how many run together and how long its students take. Data that
 * cannot be trusted are refused with a reason: a wrong calibration is worse than none.
 */
export interface LengthShare {
  readonly tokens: number;
  readonly share: number;
}

/** Share of the texts (not of the passes) that ran in a pass of so many. */
export interface RowsShare {
  readonly rows: number;
  readonly share: number;
}

/** What passes through a student looks like. */
export interface Shape {
  readonly lengths: readonly LengthShare[];
  readonly rows: readonly RowsShare[];
}

export interface ObservedTask {
  readonly task: string;
  /** Texts, or pairs of texts. */
  readonly inputs: number;
  /** Tokens of an input; of a pair, both texts together. */
  readonly meanTokens: number;
  readonly p50Tokens: number;
  readonly p95Tokens: number;
}

/** A student's inference stage: the share of each text in the time of its pass. */
export interface ObservedStudent extends Shape {
  readonly name: string;
  readonly texts: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export interface Observed {
  readonly tasks: readonly ObservedTask[];
  /** Students with enough texts. */
  readonly students: readonly ObservedStudent[];
  /** Students whose texts are too few to tell. */
  readonly thin: readonly { readonly name: string; readonly texts: number }[];
  /** Of all these students together. */
  readonly shape: Shape;
}

const MAX_MS = 60_000;

/**
 * @param minSamples fewer texts of a student tell nothing
 * @throws {UpstreamError} when the counts are thin or absurd.
 */
export function readObserved(samples: readonly Sample[], minSamples = 50): Observed {
  const students = readStudents(samples);
  const enough = students.filter(({ texts }) => texts >= minSamples);
  if (enough.length === 0) {
    const seen = students.map(({ name, texts }) => `${name} ${texts}`).join(", ") || "none";
    throw new UpstreamError(`too few texts to learn from: a student needs ${minSamples} (seen: ${seen})`);
  }
  return {
    tasks: readTasks(samples),
    students: enough,
    thin: students.filter(({ texts }) => texts < minSamples).map(({ name, texts }) => ({ name, texts })),
    shape: mixShapes(enough),
  };
}

function readTasks(samples: readonly Sample[]): ObservedTask[] {
  return toHistograms(samples, metricNames.inputTokens)
    .filter(({ count }) => count > 0)
    .map((histogram) => ({
      task: histogram.labels.task ?? "",
      inputs: histogram.count,
      meanTokens: histogram.sum / histogram.count,
      p50Tokens: histogramQuantile(histogram, 0.5),
      p95Tokens: histogramQuantile(histogram, 0.95),
    }));
}

function readStudents(samples: readonly Sample[]): ObservedStudent[] {
  const byStudent = (name: string) =>
    new Map(toHistograms(samples, name).map((histogram) => [histogram.labels.student, histogram]));
  const [lengths, rows] = [byStudent(metricNames.studentTokens), byStudent(metricNames.studentBatchSize)];
  return toHistograms(samples, metricNames.stageSeconds)
    .filter(({ labels }) => labels.stage === "infer" && labels.student !== undefined)
    .map((histogram) => {
      const name = histogram.labels.student ?? "";
      const [tokensOf, rowsOf] = [lengths.get(name), rows.get(name)];
      if (tokensOf === undefined || rowsOf === undefined) {
        throw new UpstreamError(
          `${name}: no ${metricNames.studentTokens} beside its times: the server is of an earlier version`,
        );
      }
      return { ...timesOf(name, histogram), lengths: toLengths(tokensOf), rows: toRows(rowsOf) };
    });
}

function timesOf(name: string, histogram: Histogram) {
  const [p50Ms, p95Ms] = [histogramQuantile(histogram, 0.5) * 1000, histogramQuantile(histogram, 0.95) * 1000];
  const meanMs = (histogram.sum / histogram.count) * 1000;
  if (Math.max(p50Ms, meanMs) > MAX_MS) {
    throw new UpstreamError(`${name}: absurd latency: ${Math.round(Math.max(p50Ms, meanMs))} ms an inference`);
  }
  if (histogram.count > 0 && meanMs === 0) throw new UpstreamError(`${name}: absurd latency: 0 ms an inference`);
  return { name, texts: histogram.count, meanMs, p50Ms, p95Ms };
}

function toLengths(histogram: Histogram): LengthShare[] {
  return toValues(histogram).map(({ value, count }) => ({ tokens: value, share: count / histogram.count }));
}

function toRows(histogram: Histogram): RowsShare[] {
  return toValues(histogram).map(({ value, count }) => ({ rows: value, share: (count * value) / histogram.sum }));
}

/**
 * A value for each bucket of whole numbers, so placed inside of its bucket that all of them together have the mean that the sum
 * tells. The open bucket stands for what is left of the sum, or for its lower bound.
 */
function toValues(histogram: Histogram): { value: number; count: number }[] {
  const bins = toBins(histogram.buckets).filter(({ count }) => count > 0);
  const closed = bins.map(({ low, le, count }) => ({
    least: low + 1,
    width: Number.isFinite(le) ? le - low - 1 : low + 1,
    count,
  }));
  const least = closed.reduce((sum, bin) => sum + bin.count * bin.least, 0);
  const room = closed.reduce((sum, bin) => sum + bin.count * bin.width, 0);
  const at = room === 0 ? 0 : Math.min(1, Math.max(0, (histogram.sum - least) / room));
  return closed.map((bin) => ({ value: bin.least + at * bin.width, count: bin.count }));
}

/** One distribution out of several, by the number of their texts. */
export function mixShapes(shapes: readonly (Shape & { readonly texts: number })[]): Shape {
  const total = shapes.reduce((sum, { texts }) => sum + texts, 0);
  const mix = <T>(
    sharesOf: (shape: Shape) => readonly T[],
    middleOf: (share: T) => number,
    shareOf: (share: T) => number,
  ) =>
    shapes.flatMap((shape) =>
      sharesOf(shape).map((share) => ({ value: middleOf(share), share: (shareOf(share) * shape.texts) / total })),
    );
  const lengths = mix(
    ({ lengths }) => lengths,
    ({ tokens }) => tokens,
    ({ share }) => share,
  );
  const rows = mix(
    ({ rows }) => rows,
    ({ rows }) => rows,
    ({ share }) => share,
  );
  return {
    lengths: lengths.map(({ value: tokens, share }) => ({ tokens, share })).sort((a, b) => a.tokens - b.tokens),
    rows: rows.map(({ value, share }) => ({ rows: value, share })).sort((a, b) => a.rows - b.rows),
  };
}

/** Mean number of texts in a pass. */
export function meanRows({ rows }: Shape): number {
  return 1 / rows.reduce((sum, { rows: each, share }) => sum + share / each, 0);
}

export function meanTokens({ lengths }: Shape): number {
  return lengths.reduce((sum, { tokens, share }) => sum + tokens * share, 0);
}
