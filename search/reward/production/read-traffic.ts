import { metricNames } from "../../../src/contract/metrics.ts";
import { ConfigError, UpstreamError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { parseMetricsText, type Sample } from "../metrics-text.ts";
import { gainsOf } from "./counter-increase.ts";
import { type FetchOptions, fetchText, toUrl } from "./fetch-text.ts";
import { isPrometheus, queryRange, type Series } from "./prometheus-api.ts";
import { type Labels, mergeTraffic, type Traffic } from "./traffic.ts";

/** Clients round the start of a process to a whole second: that of a young one may lie ahead. */
const roundingSeconds = 0.5;

export interface TrafficOptions extends FetchOptions {
  /** How far back a Prometheus is asked, in seconds. @default 3600 */
  readonly windowSeconds?: number;
  /** Label matchers that narrow down what a Prometheus is asked for, as in `job="kdnas"`. @default "" */
  readonly selector?: string;
  /** Age from which the newest sample is too old, in ms. @default 600000 */
  readonly maxAgeMs?: number;
}

/** Parts of a window: small enough to see how steady production is, large enough to count something. */
const PARTS = 10;
/** Points of a series. Resets between two of them still show in the process's start time. */
const POINTS = 240;

const histograms = [metricNames.inputTokens, metricNames.studentTokens, metricNames.studentBatchSize];

/**
 * Adds up what all URLs tell. One that ends in `/metrics` is a server's own; any other is asked whether it is a Prometheus, and
 * read as a server's where it is not (at `/metrics`, if it has no path).
 * @throws {ConfigError} on an unusable URL, {UpstreamError} when what answers is down, foreign, too old or ambiguous.
 */
export async function readTraffic(urls: readonly string[], options: TrafficOptions = {}): Promise<Traffic> {
  const targets = urls.map(toUrl);
  const all = await Promise.all(targets.map((target) => readOne(target, options)));
  return all.length === 1 ? must(all[0]) : mergeTraffic(all);
}

async function readOne(url: URL, options: TrafficOptions): Promise<Traffic> {
  if (url.pathname.endsWith("/metrics")) return readServer(url, options);
  if (await isPrometheus(url, options)) return readPrometheus(url, options);
  return readServer(url.pathname === "/" ? new URL("metrics", url) : url, options);
}

async function readServer(url: URL, options: TrafficOptions): Promise<Traffic> {
  const answer = await fetchText(url, "text/plain; version=0.0.4", options);
  if (answer.status !== 200) {
    throw new UpstreamError(`${answer.shown} answers ${answer.status} ${answer.statusText}`.trim());
  }
  if (answer.type.includes("html") || answer.text.trimStart().startsWith("<")) {
    throw new UpstreamError(`${answer.shown} answers an HTML page, not metrics: is the path right (/metrics)?`);
  }
  return toTraffic(answer.text, options);
}

/** Reads the text of a server's `/metrics`: all that it counted since its start. @throws {UpstreamError} */
export function toTraffic(text: string, { maxAgeMs = 600_000 }: TrafficOptions = {}): Traffic {
  const samples = parseMetricsText(text);
  if (!samples.some(({ name }) => name.startsWith("kdnas_"))) {
    throw new UpstreamError(
      "the metrics hold no kdnas_ series: this is another program's endpoint (a Prometheus is given without /metrics)",
    );
  }
  const times = samples.flatMap((sample) => sample.timestampMs ?? []);
  if (times.length > 0)
    refuseOld(
      times.reduce((newest, time) => Math.max(newest, time)),
      maxAgeMs,
    );
  const started = samples.find(({ name }) => name === "process_start_time_seconds")?.value;
  return {
    parts: [samples],
    seconds: started === undefined ? null : Math.max(roundingSeconds, Date.now() / 1000 - started),
    servers: 1,
    restarts: 0,
    machines: infoLabels(samples, metricNames.machineInfo),
    students: withChanges(samples, infoLabels(samples, metricNames.studentInfo)),
  };
}

/** A server counts by names of students, on and on over their versions; of a window's versions each has its own info metric. */
function withChanges(samples: readonly Sample[], students: readonly Labels[]): Labels[] {
  const counted = samples.filter(({ name }) => name === metricNames.studentVersionChanges);
  return students.map((labels) => {
    const changes = counted.find((sample) => sample.labels.student === labels.student)?.value ?? 0;
    return changes > 0 ? { ...labels, changes: String(changes) } : labels;
  });
}

async function readPrometheus(url: URL, options: TrafficOptions): Promise<Traffic> {
  const { windowSeconds = 3600, selector = "", maxAgeMs = 600_000 } = options;
  const end = Date.now() / 1000;
  const range = { start: end - windowSeconds, end, step: Math.max(1, windowSeconds / POINTS) };
  const ask = (query: string) => queryRange(url, query, range, options);
  const [counters, starts, infos] = await Promise.all([
    ask(countersQuery(selector)),
    ask(`process_start_time_seconds${braces(selector)} and on (job, instance) ${metricNames.machineInfo}`),
    ask(braces(`__name__=~"${metricNames.machineInfo}|${metricNames.studentInfo}"`, selector)),
  ]);
  if (counters.length === 0) {
    const where = selector === "" ? "" : ` for ${braces(selector)}`;
    throw new UpstreamError(`${url.origin} knows no kdnas_ series of the last ${windowSeconds} s${where}`);
  }
  refuseOld(newestMs(counters), maxAgeMs);
  return toWindow(counters, starts, infos, range);
}

/** As `readPrometheus`, for answers at hand. @throws {UpstreamError} where counters cannot be added up. */
export function toWindow(
  counters: readonly Series[],
  starts: readonly Series[],
  infos: readonly Series[],
  { start, end }: { readonly start: number; readonly end: number },
): Traffic {
  const edges = Array.from({ length: PARTS + 1 }, (_, i) => start + ((end - start) * i) / PARTS);
  const { parts, processes, restarts } = gainsOf(counters, starts, edges);
  const seen = infos.flatMap(({ name, labels, points }) =>
    points.some(([, value]) => value === 1) ? [{ name, labels, value: 1 }] : [],
  );
  return {
    parts,
    seconds: end - start,
    servers: processes,
    restarts,
    machines: infoLabels(seen, metricNames.machineInfo),
    students: infoLabels(seen, metricNames.studentInfo),
  };
}

/** Of all that servers count, what the latency model needs; `stage` is a label of some. */
const countersNeeded = [
  ...[...histograms, metricNames.stageSeconds].map((name) => `${name}_(bucket|sum|count)`),
  `${metricNames.httpRequestSeconds}_sum`,
].join("|");

function countersQuery(selector: string): string {
  return braces(`__name__=~"${countersNeeded}"`, 'stage=~"|infer"', selector);
}

const isNeeded = new RegExp(`^(?:${countersNeeded})$`);

/** What the Prometheus query asks for, of samples at hand. */
export function neededCounters(samples: readonly Sample[]): Sample[] {
  return samples.filter(({ name, labels }) => isNeeded.test(name) && ["", "infer"].includes(labels.stage ?? ""));
}

function braces(...matchers: readonly string[]): string {
  return `{${matchers.filter((matcher) => matcher !== "").join(",")}}`;
}

/** @throws {ConfigError} for what is no list of label matchers. */
export function toSelector(text: string): string {
  const inner = text
    .trim()
    .replace(/^\{(.*)\}$/s, "$1")
    .trim();
  const matcher = '[a-zA-Z_][a-zA-Z0-9_]*\\s*(?:=|!=|=~|!~)\\s*"(?:[^"\\\\]|\\\\.)*"';
  if (!new RegExp(`^(?:${matcher}(?:\\s*,\\s*${matcher})*\\s*,?)?$`).test(inner)) {
    throw new ConfigError(
      `--selector is label matchers such as job="kdnas",env=~"prod.*", not ${JSON.stringify(text)}`,
    );
  }
  return inner.replace(/,$/, "");
}

function newestMs(series: readonly Series[]): number {
  const newest = series.reduce((last, { points }) => Math.max(last, points.at(-1)?.[0] ?? 0), 0);
  return newest * 1000;
}

function refuseOld(newest: number, maxAgeMs: number): void {
  const ageMs = Date.now() - newest;
  if (ageMs > maxAgeMs)
    throw new UpstreamError(`stale metrics: the newest sample is ${Math.round(ageMs / 1000)} s old`);
}

/** Labels of the info metrics of a name that hold. */
export function infoLabels(samples: readonly Sample[], name: string): Labels[] {
  return samples.filter((sample) => sample.name === name && sample.value === 1).map(({ labels }) => labels);
}
