import { UpstreamError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import type { Sample } from "../metrics-text.ts";
import type { Series } from "./prometheus-api.ts";

/**
 * What counters gained, from their values over time. A process that restarts begins at 0, and so all its counters do at the same
 * time: a restart is told by any of them falling, or by `process_start_time_seconds`, and from then on what they hold was gained
 * since. Where the values allow no such reading (they fall though the process goes on, or two processes take turns behind one
 * label set), the data are refused: sums of them would be of nothing.
 */
export interface Gains {
  /** What was gained in each part, label sets of several processes added up. */
  readonly parts: readonly (readonly Sample[])[];
  /** Label sets of different processes. */
  readonly processes: number;
  readonly restarts: number;
}

/** Labels that our metrics have themselves; all others name the process or how it was found. */
const ownLabels = new Set(["student", "stage", "task", "le", "route", "method", "code", "version", "architecture"]);
/** A process of which more than this share of its samples begin a new life is several that take turns. */
const MAX_RESTARTS = 0.2;

/** @throws {UpstreamError} where the increase is ambiguous or the values are no counter's. */
export function gainsOf(counters: readonly Series[], starts: readonly Series[], edges: readonly number[]): Gains {
  const processes = byProcess(counters);
  const startsOf = new Map(starts.map((series) => [processOf(series), series]));
  const sums = edges.slice(1).map(() => new Map<string, Sample & { value: number }>());
  let restarts = 0;
  for (const [process, series] of processes) {
    const times = [...new Set(series.flatMap(({ points }) => points.map(([seconds]) => seconds)))].sort(
      (a, b) => a - b,
    );
    const lives = livesOf(process, series, times, startsOf.get(process));
    restarts += lives.filter((isNew) => isNew).length;
    for (const one of series) addGains(sums, edges, one, times, lives);
  }
  return { parts: sums.map((part) => [...part.values()]), processes: processes.size, restarts };
}

function byProcess(counters: readonly Series[]): Map<string, Series[]> {
  const groups = new Map<string, Series[]>();
  for (const series of counters) {
    const process = processOf(series);
    const group = groups.get(process);
    if (group === undefined) groups.set(process, [series]);
    else group.push(series);
  }
  return groups;
}

/** The labels that are not our own, as text. */
function processOf({ labels }: Series): string {
  const foreign = Object.entries(labels).filter(([name]) => !ownLabels.has(name));
  return foreign
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${value}"`)
    .join(",");
}

/** For each time whether a new life of the process began since the time before. */
function livesOf(
  process: string,
  series: readonly Series[],
  times: readonly number[],
  start: Series | undefined,
): boolean[] {
  const begins = beginsOf(process, start);
  for (const { after, at } of fallsOf(process, series)) {
    if ([...begins].some((time) => time > after && time <= at)) continue;
    if (start !== undefined) throw ambiguous(process, "counters fall though it was not started anew");
    begins.add(at);
  }
  if (start === undefined && begins.size > 2 && begins.size > MAX_RESTARTS * times.length) {
    throw ambiguous(process, `counters fall ${begins.size} times in ${times.length} samples`);
  }
  return times.map((time) => begins.has(time));
}

/** Times at which a new start time is seen first. */
function beginsOf(process: string, start: Series | undefined): Set<number> {
  const begins = new Set<number>();
  (start?.points ?? []).forEach(([time, started], i, points) => {
    const before = points[i - 1]?.[1] ?? started;
    if (started < before)
      throw ambiguous(process, "its start time goes back: two processes take turns behind these labels");
    if (started > before) begins.add(time);
  });
  return begins;
}

/** Where a counter holds less than at its time before; a series may be missing for a while after a start. */
function fallsOf(process: string, series: readonly Series[]): { after: number; at: number }[] {
  const falls = series.flatMap(({ name, points }) =>
    points.flatMap(([at, value], i) => {
      if (!Number.isFinite(value) || value < 0) throw new UpstreamError(`${name}{${process}}: absurd value ${value}`);
      const [after, before] = points[i - 1] ?? [at, value];
      return value < before ? [{ after, at }] : [];
    }),
  );
  return falls.sort((a, b) => a.at - b.at);
}

/** A series that begins later than its process began at 0 since then; that of a process counts from its first value. */
function addGains(
  sums: readonly Map<string, Sample & { value: number }>[],
  edges: readonly number[],
  { name, labels, points }: Series,
  times: readonly number[],
  lives: readonly boolean[],
): void {
  const own = Object.fromEntries(Object.entries(labels).filter(([label]) => ownLabels.has(label)));
  const key = JSON.stringify([name, ...Object.entries(own).sort()]);
  const values = new Map(points);
  let last: number | null = null;
  let part = 0;
  times.forEach((time, i) => {
    while (part < sums.length - 1 && time > must(edges[part + 1])) part++;
    const sample = must(sums[part]).get(key) ?? { name, labels: own, value: 0 };
    must(sums[part]).set(key, sample);
    const value = values.get(time);
    if (lives[i]) last = 0;
    if (value === undefined) return;
    const before = last ?? (i === 0 ? value : 0);
    sample.value += value - before;
    last = value;
  });
}

function ambiguous(process: string, reason: string): UpstreamError {
  return new UpstreamError(
    `{${process}}: the counters cannot be added up: ${reason} (--selector leaves series out, --window shortens the time)`,
  );
}
