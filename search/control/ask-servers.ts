import { UpstreamError } from "../../src/errors.ts";
import { type FetchOptions, fetchText, toUrl } from "../reward/production/fetch-text.ts";
import type { Answer } from "./observer.ts";

/** Asks all of them at once for their metrics; one that fails is an answer too. @throws {ConfigError} on an unusable URL. */
export function askServers(urls: readonly string[], options: FetchOptions): Promise<Answer[]> {
  return Promise.all(urls.map((url) => ask(toMetricsUrl(url), options)));
}

/** As `--metrics` takes it: a server's address or its `/metrics`, or a Prometheus' `/federate`. @throws {ConfigError} */
export function toMetricsUrl(text: string): URL {
  const url = toUrl(text);
  if (url.pathname === "/") url.pathname = "/metrics";
  if (url.pathname.endsWith("/federate") && !url.searchParams.has("match[]"))
    url.searchParams.set("match[]", '{__name__=~"kdnas_.*|process_start_time_seconds"}');
  return url;
}

async function ask(url: URL, options: FetchOptions): Promise<Answer> {
  const server = url.host;
  try {
    const { status, statusText, text } = await fetchText(url, "text/plain; version=0.0.4", options);
    if (status !== 200) return { server, failure: `it answers ${status} ${statusText}`.trim() };
    return { server, text };
  } catch (error) {
    if (error instanceof UpstreamError) return { server, failure: error.message };
    throw error;
  }
}
