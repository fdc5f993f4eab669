import { z } from "zod";
import { UpstreamError } from "../../../src/errors.ts";
import { toNumber } from "../metrics-text.ts";
import { type FetchOptions, fetchText } from "./fetch-text.ts";

/**
 * The part of Prometheus' HTTP API that is needed here, as Thanos, Mimir and VictoriaMetrics speak it too:
 * https://prometheus.io/docs/prometheus/latest/querying/api/
 */
export interface Series {
  /** Without the name. */
  readonly labels: Readonly<Record<string, string>>;
  readonly name: string;
  /** Seconds since 1970 and values, ascending in time. */
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

export interface Range {
  /** Seconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

const SampleValue = z.string().transform((text, context) => {
  const value = toNumber(text);
  if (value === null) context.addIssue({ code: "custom", message: `${JSON.stringify(text)} is not a number` });
  return value ?? Number.NaN;
});

const Matrix = z.object({
  status: z.literal("success"),
  data: z.object({
    resultType: z.literal("matrix"),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), SampleValue])),
      }),
    ),
  }),
});

const Refusal = z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() });
const Success = z.object({ status: z.literal("success") });

/** Series of a PromQL expression over a range. @throws {UpstreamError} with what the server says is wrong. */
export async function queryRange(base: URL, query: string, range: Range, options: FetchOptions): Promise<Series[]> {
  const { start, end, step } = range;
  const parameters = { query, start: String(start), end: String(end), step: String(step) };
  const answer = await fetchText(apiUrl(base, "query_range", parameters), "application/json", options);
  const body = parseJson(answer.text);
  const refusal = Refusal.safeParse(body);
  if (refusal.success) throw new UpstreamError(`${answer.shown} refuses the query: ${refusal.data.error}`);
  if (answer.status !== 200) {
    throw new UpstreamError(`${answer.shown} answers ${answer.status} ${answer.statusText}`.trim());
  }
  const matrix = Matrix.safeParse(body);
  if (!matrix.success) {
    throw new UpstreamError(`${answer.shown} answers no series: ${z.prettifyError(matrix.error).split("\n")[0]}`);
  }
  return matrix.data.data.result.map(({ metric: { __name__: name = "", ...labels }, values: points }) => ({
    name,
    labels,
    points,
  }));
}

/** Whether a Prometheus answers at this URL. @throws {UpstreamError} when nobody does, or one that lets nobody in. */
export async function isPrometheus(base: URL, options: FetchOptions): Promise<boolean> {
  const answer = await fetchText(apiUrl(base, "query", { query: "vector(1)" }), "application/json", options);
  if (answer.status === 401 || answer.status === 403) {
    throw new UpstreamError(`${answer.shown} answers ${answer.status} ${answer.statusText}`.trim());
  }
  return answer.status === 200 && Success.safeParse(parseJson(answer.text)).success;
}

function apiUrl(base: URL, endpoint: string, parameters: Readonly<Record<string, string>>): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/api/v1/${endpoint}`;
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

/** Undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
