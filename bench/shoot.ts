import { quantile } from "../src/stats.ts";
import { postRequest } from "./http-connection.ts";
import { type LoadGenerator, secondsOf } from "./load-generator.ts";
import { inputsFrom, texts } from "./mixed-texts.ts";
import type { ServerProcess } from "./server-process.ts";

/** So many texts in a request, and so many requests at once. */
export interface TextLoad {
  readonly connections: number;
  readonly texts: number;
}

export interface Run {
  readonly textsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time that the server took for a text, µs. */
  readonly cpuMicros: number;
}

/** Shoots the mixed texts at `/v1/sentiment`. @throws when a request fails */
export async function shoot(
  generator: LoadGenerator,
  server: ServerProcess,
  load: TextLoad,
  seconds: number,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Run> {
  const url = `${server.url}/v1/sentiment`;
  const bodies = texts.map((_, i) => ({ inputs: inputsFrom(i, load.texts), ...options }));
  const requests = bodies.map((body) => postRequest(new URL(url), body));
  const cpuBefore = server.cpuSeconds();
  const shots = await generator.run({ kind: "closed", url, requests, connections: load.connections, seconds });
  const cpuSeconds = server.cpuSeconds() - cpuBefore;
  const failed = shots.filter(({ status }) => status !== 200).length;
  if (failed > 0) throw new Error(`${failed} of ${shots.length} requests failed`);
  const latencies = shots.map(({ latencyMs }) => latencyMs);
  return {
    textsPerSecond: (shots.length * load.texts) / secondsOf(shots),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    cpuMicros: (cpuSeconds * 1e6) / (shots.length * load.texts),
  };
}

/** Columns of a table: the median round of each figure. */
export function toFigures(load: TextLoad, runs: readonly Run[]) {
  const middle = (of: (run: Run) => number) => quantile(runs.map(of), 0.5);
  return {
    load: `${load.texts} x ${load.connections}`,
    "texts/s": Math.round(middle((run) => run.textsPerSecond)),
    "p50 ms": middle((run) => run.p50Ms).toFixed(2),
    "p99 ms": middle((run) => run.p99Ms).toFixed(2),
    "CPU µs/text": Math.round(middle((run) => run.cpuMicros)),
  };
}
