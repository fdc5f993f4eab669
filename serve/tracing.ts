import type { Context } from "@opentelemetry/api";
import { ConfigError } from "../src/errors.ts";
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";

/** A span for every request. Nothing of OpenTelemetry is loaded unless its endpoint is set. */
export interface Tracing {
  record(request: RequestSpan): void;
  /** Sends what waits, if the collector takes it soon. */
  close(): Promise<void>;
}

/** What a span says; it has no place for a text. */
export interface RequestSpan {
  readonly route: string;
  readonly method: string;
  readonly code: number;
  readonly requestId: string;
  readonly tookMs: number;
  /** The caller's, as W3C Trace Context has it. */
  readonly traceparent: string | undefined;
  /** Stages as the Server-Timing header tells them. */
  readonly serverTiming: string | undefined;
}

type Settings = Pick<Config, "otlpEndpoint" | "serviceName" | "traceRatio">;

/** @returns undefined when no endpoint is set. @throws {ConfigError} when it is and the packages are not installed. */
export async function startTracing(settings: Settings, log: Log): Promise<Tracing | undefined> {
  if (settings.otlpEndpoint === "") return undefined;
  const packages = await load().catch((cause: Error) => {
    throw new ConfigError("OTEL_EXPORTER_OTLP_ENDPOINT: the optional packages @opentelemetry/* are not installed", {
      cause,
    });
  });
  const provider = createProvider(packages, settings);
  log.info("traces are on");
  const tracer = provider.getTracer("kdnas");
  return {
    record: (request) => {
      const end = Date.now();
      const span = tracer.startSpan(
        `${request.method} ${request.route}`,
        {
          kind: packages.api.SpanKind.SERVER,
          startTime: end - request.tookMs,
          attributes: toAttributes(request),
        },
        parentOf(packages, request.traceparent),
      );
      if (request.code >= 500) span.setStatus({ code: packages.api.SpanStatusCode.ERROR });
      span.end(end);
    },
    close: async () => {
      const sent = provider.shutdown().catch((cause: Error) => log.warn(`traces were lost: ${cause.name}`));
      await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, closeMs).unref())]);
    },
  };
}

/** A collector that does not answer must not hold up the end of the process. */
const closeMs = 800;

type Packages = Awaited<ReturnType<typeof load>>;

async function load() {
  const [api, sdk, resources, exporter] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/exporter-trace-otlp-http"),
  ]);
  return { api, sdk, resources, exporter };
}

function createProvider({ sdk, resources, exporter }: Packages, { otlpEndpoint, serviceName, traceRatio }: Settings) {
  const url = `${otlpEndpoint.replace(/\/$/, "")}/v1/traces`;
  return new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ "service.name": serviceName }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(traceRatio) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({ exporter: new exporter.OTLPTraceExporter({ url }), scheduledDelayMillis: 1000 }),
    ],
  });
}

/** Names of the semantic conventions for HTTP; durations of stages in ms. */
function toAttributes({ route, method, code, requestId, serverTiming }: RequestSpan) {
  return {
    "http.request.method": method,
    "http.route": route,
    "http.response.status_code": code,
    "kdnas.request_id": requestId,
    ...stagesOf(serverTiming),
  };
}

function stagesOf(serverTiming = ""): Record<string, number> {
  const stages = serverTiming.matchAll(/(\w+);dur=([\d.]+)/g);
  return Object.fromEntries([...stages].map(([, stage, ms]) => [`kdnas.${stage}_ms`, Number(ms)]));
}

function parentOf({ api }: Packages, traceparent = ""): Context {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return api.ROOT_CONTEXT;
  const caller = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return api.trace.setSpanContext(api.ROOT_CONTEXT, caller);
}
