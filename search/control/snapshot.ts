import { metricNames } from "../../src/contract/metrics.ts";
import { UpstreamError } from "../../src/errors.ts";
import { parseMetricsText, type Sample } from "../reward/metrics-text.ts";

/** A server's metrics at a moment of our own clock. */
export interface Snapshot {
  readonly server: string;
  readonly atMs: number;
  readonly samples: readonly Sample[];
}

const startTime = "process_start_time_seconds";

/**
 * Reads the text of a server's `/metrics`, or what a Prometheus federates: one snapshot for each server. Other programs tell their start too.
 * @throws {UpstreamError} when the text is not of the format, foreign, or older than it may be.
 */
export function toSnapshots(server: string, text: string, atMs: number, maxAgeMs: number): Snapshot[] {
  const samples = parseMetricsText(text).filter(({ name }) => name.startsWith("kdnas_") || name === startTime);
  const servers = [...byProcess(samples)].filter(([, own]) => isOfServer(own));
  if (servers.length === 0) throw new UpstreamError("no kdnas_ series: this is another program's endpoint");
  const newestMs = Math.max(...servers.flatMap(([, own]) => own.map(({ timestampMs }) => timestampMs ?? atMs)));
  if (atMs - newestMs > maxAgeMs)
    throw new UpstreamError(`stale: the newest sample is ${Math.round((atMs - newestMs) / 1000)} s old`);
  return servers.map(([process, own]) => ({
    server: process === "" ? server : `${server} ${process}`,
    atMs,
    samples: own,
  }));
}

function isOfServer(samples: readonly Sample[]): boolean {
  return samples.some(({ name }) => name === `${metricNames.inputTokens}_count`);
}

/** A Prometheus adds labels that name the process; a server's own text has none. */
function byProcess(samples: readonly Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { instance = "", job: _, ...labels } = sample.labels;
    const group = groups.get(instance) ?? [];
    groups.set(instance, group);
    group.push({ ...sample, labels });
  }
  return groups;
}

/**
 * What was counted between two looks at the same process, and gauges as they are at the second.
 * @throws {UpstreamError} when the counters tell of no such time: one fell, or is no number.
 */
export function gainsBetween(before: Snapshot, after: Snapshot): Sample[] {
  const earlier = new Map(before.samples.map((sample) => [keyOf(sample), sample.value]));
  const [began, begins] = [before, after].map(({ samples }) => samples.find(({ name }) => name === startTime)?.value);
  if (began !== undefined && begins !== undefined && began !== begins)
    throw new UpstreamError(
      begins > began ? "it was started anew since the last look" : "its start time went back: old metrics come again",
    );
  return after.samples.map((sample) => {
    if (!isCounter(sample.name)) return sample;
    const before = earlier.get(keyOf(sample)) ?? 0;
    const gain = sample.value - before;
    if (!Number.isFinite(sample.value) || gain < 0)
      throw new UpstreamError(`${sample.name} went from ${before} to ${sample.value}`);
    return { ...sample, value: gain };
  });
}

/** Of thousands of samples at each look, so no more than it takes. */
function keyOf({ name, labels }: Sample): string {
  let key = name;
  for (const label of Object.keys(labels).sort()) key += `\n${label}\n${labels[label]}`;
  return key;
}

function isCounter(name: string): boolean {
  return /^kdnas_.*_(total|bucket|sum|count)$/.test(name);
}
