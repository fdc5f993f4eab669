import { metricNames } from "../../src/contract/metrics.ts";
import { ConfigError, UpstreamError } from "../../src/errors.ts";
import {
  type Histogram,
  histogramQuantile,
  parseMetricsText,
  type Sample,
  toBins,
  toHistograms,
} from "./metrics-text.ts";

/**
 * What a server's `/metrics` says about production: how long its texts are and how long its students take. Data that
 * cannot be trusted are refused with a reason: a wrong calibration is worse than none.
 */
export interface LengthShare {
  readonly tokens: number;
  readonly share: number;
}

export interface ObservedTask {
  readonly task: string;
  /** Texts, or pairs of texts. */
  readonly inputs: number;
  /** Tokens of an input; of a pair, both texts together. */
  readonly lengths: readonly LengthShare[];
}

/** A student's inference stage: the share of each text in the time of its run. */
export interface ObservedStudent {
  readonly name: string;
  /** Version from `kdnas_student_info`; null where the server does not tell. */
  readonly version: string | null;
  readonly texts: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Inputs it answered, by task. */
  readonly answered: Readonly<Record<string, number>>;
}

export interface Observed {
  readonly tasks: readonly ObservedTask[];
  /** Students with enough texts. */
  readonly students: readonly ObservedStudent[];
  /** Students whose texts are too few to tell. */
  readonly thin: readonly { readonly name: string; readonly texts: number }[];
  /** Mean number of texts in a run. */
  readonly rows: number;
}

export interface ObserveOptions {
  /** Fewer texts of a student, or fewer texts in all, tell nothing. @default 50 */
  readonly minSamples?: number;
  /** Age from which timestamped samples are stale, in ms. @default 600000 */
  readonly maxAgeMs?: number;
}

export interface FetchOptions {
  /** For answer and body together. @default 5000 */
  readonly timeoutMs?: number;
  /** For servers that protect their metrics. */
  readonly headers?: Readonly<Record<string, string>>;
}

const MAX_SECONDS = 60;
const MAX_BYTES = 32 * 1024 * 1024;

/** Fetches a metrics text. @throws {ConfigError} on an unusable URL, {UpstreamError} when what answers is not metrics. */
export async function fetchMetricsText(
  url: string,
  { timeoutMs = 5000, headers = {} }: FetchOptions = {},
): Promise<string> {
  const target = toUrl(url);
  const shown = target.origin + target.pathname;
  try {
    const response = await fetch(target, {
      headers: { accept: "text/plain; version=0.0.4", ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new UpstreamError(`${shown} answers ${response.status} ${response.statusText}`.trim());
    const text = await readCapped(response, shown);
    const type = response.headers.get("content-type") ?? "";
    if (type.includes("html") || text.trimStart().startsWith("<")) {
      throw new UpstreamError(`${shown} answers an HTML page, not metrics: is the path right (/metrics)?`);
    }
    return text;
  } catch (cause) {
    throw cause instanceof UpstreamError
      ? cause
      : new UpstreamError(explainFailure(shown, cause, timeoutMs), { cause });
  }
}

/** Reads the text of a server's `/metrics`. @throws {UpstreamError} when it is foreign, stale, thin or absurd. */
export function readObserved(text: string, { minSamples = 50, maxAgeMs = 600_000 }: ObserveOptions = {}): Observed {
  const samples = parseMetricsText(text);
  if (!samples.some((sample) => sample.name.startsWith("kdnas_"))) {
    throw new UpstreamError("the metrics hold no kdnas_ series: this is another program's endpoint");
  }
  refuseStale(samples, maxAgeMs);
  const tasks = readTasks(samples, minSamples);
  const students = readStudents(samples, tasks);
  const enough = students.filter((student) => student.texts >= minSamples);
  if (enough.length === 0) {
    const seen = students.map((student) => `${student.name} ${student.texts}`).join(", ") || "none";
    throw new UpstreamError(`too few inferences to learn from: a student needs ${minSamples} (seen: ${seen})`);
  }
  const thin = students.filter((student) => student.texts < minSamples).map(({ name, texts }) => ({ name, texts }));
  return { tasks, students: enough, thin, rows: meanRows(samples) };
}

function readTasks(samples: readonly Sample[], minSamples: number): ObservedTask[] {
  const tasks = toHistograms(samples, metricNames.inputTokens)
    .filter((histogram) => histogram.count > 0)
    .map((histogram) => ({
      task: histogram.labels.task ?? "",
      inputs: histogram.count,
      lengths: toLengths(histogram),
    }));
  const inputs = tasks.reduce((sum, task) => sum + task.inputs, 0);
  if (inputs < minSamples) {
    throw new UpstreamError(
      `too few texts to learn from: ${inputs} in ${metricNames.inputTokens}, ${minSamples} needed`,
    );
  }
  return tasks;
}

/** A bucket stands for its middle; the open one for its lower bound. */
function toLengths(histogram: Histogram): LengthShare[] {
  return toBins(histogram.buckets)
    .filter((bin) => bin.count > 0)
    .map(({ low, le, count }) => ({
      tokens: Number.isFinite(le) ? Math.max(1, Math.round((low + 1 + le) / 2)) : low,
      share: count / histogram.count,
    }));
}

function readStudents(samples: readonly Sample[], tasks: readonly ObservedTask[]): ObservedStudent[] {
  return toHistograms(samples, metricNames.stageSeconds)
    .filter(({ labels }) => labels.stage === "infer" && labels.student !== undefined)
    .map((histogram) => {
      const name = histogram.labels.student ?? "";
      const [p50Ms, p95Ms] = [histogramQuantile(histogram, 0.5) * 1000, histogramQuantile(histogram, 0.95) * 1000];
      const meanMs = (histogram.sum / histogram.count) * 1000;
      if (Math.max(p50Ms, meanMs) > MAX_SECONDS * 1000) {
        throw new UpstreamError(`${name}: absurd latency: ${Math.round(Math.max(p50Ms, meanMs))} ms an inference`);
      }
      const answered = countAnswered(samples, tasks, name);
      return { name, version: versionOf(samples, name), texts: histogram.count, meanMs, p50Ms, p95Ms, answered };
    });
}

/** Inputs of each task that the student answered; all the task's inputs when the server does not tell. */
function countAnswered(samples: readonly Sample[], tasks: readonly ObservedTask[], student: string) {
  const counts = tasks.map(({ task }) =>
    samples
      .filter(({ name, labels }) => name === metricNames.texts && labels.task === task && labels.student === student)
      .reduce((sum, sample) => sum + sample.value, 0),
  );
  const isTold = counts.some((count) => count > 0);
  return Object.fromEntries(tasks.map(({ task, inputs }, i) => [task, isTold ? (counts[i] ?? 0) : inputs]));
}

function versionOf(samples: readonly Sample[], student: string): string | null {
  const info = samples.find(
    ({ name, labels, value }) => name === metricNames.studentInfo && labels.student === student && value === 1,
  );
  return info?.labels.version ?? null;
}

function meanRows(samples: readonly Sample[]): number {
  const histograms = toHistograms(samples, metricNames.batchSize);
  const count = histograms.reduce((sum, histogram) => sum + histogram.count, 0);
  const rows = histograms.reduce((sum, histogram) => sum + histogram.sum, 0);
  return count === 0 ? 1 : Math.max(1, rows / count);
}

/** Plain servers give no times; a federating Prometheus does, and keeps serving what it last saw. */
function refuseStale(samples: readonly Sample[], maxAgeMs: number): void {
  const times = samples.flatMap((sample) => sample.timestampMs ?? []);
  const ageMs = Date.now() - times.reduce((newest, time) => Math.max(newest, time), Number.NEGATIVE_INFINITY);
  if (times.length > 0 && ageMs > maxAgeMs) {
    throw new UpstreamError(`stale metrics: the newest sample is ${Math.round(ageMs / 1000)} s old`);
  }
}

function toUrl(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : null;
  if (target === null || !["http:", "https:"].includes(target.protocol)) {
    throw new ConfigError(`${JSON.stringify(url)} is no http(s) URL of a metrics endpoint`);
  }
  return target;
}

async function readCapped(response: Response, shown: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new UpstreamError(`${shown} answers more than ${MAX_BYTES} bytes: not metrics`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function explainFailure(shown: string, cause: unknown, timeoutMs: number): string {
  const error = cause as Error & { cause?: { code?: string; message?: string } };
  if (error.name === "TimeoutError") return `${shown} did not answer within ${timeoutMs} ms`;
  return `cannot read ${shown}: ${error.cause?.code || error.cause?.message || error.message}`;
}
