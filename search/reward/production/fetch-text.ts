import { ConfigError, UpstreamError } from "../../../src/errors.ts";

/** One GET of a text that comes from outside: with an end, a most size, and errors that name whom they are about. */
export interface FetchOptions {
  /** For answer and body together. @default 10000 */
  readonly timeoutMs?: number;
  /** Value of the `Authorization` header; a user and password in the URL come before it. */
  readonly authorization?: string | null;
}

export interface Answer {
  readonly status: number;
  readonly statusText: string;
  /** Content type, empty where there is none. */
  readonly type: string;
  readonly text: string;
  /** The URL without what may be secret in it. */
  readonly shown: string;
}

const MAX_BYTES = 64 * 1024 * 1024;

/** @throws {UpstreamError} when nobody answers, or not in time, or without end. */
export async function fetchText(
  url: URL,
  accept: string,
  { timeoutMs = 10_000, authorization = null }: FetchOptions,
): Promise<Answer> {
  const shown = url.origin + url.pathname;
  try {
    const response = await fetch(withoutUser(url), {
      headers: { accept, ...authorize(url, authorization) },
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await readCapped(response, shown);
    const type = response.headers.get("content-type") ?? "";
    return { status: response.status, statusText: response.statusText, type, text, shown };
  } catch (cause) {
    if (cause instanceof UpstreamError) throw cause;
    throw new UpstreamError(explainFailure(shown, cause, timeoutMs), { cause });
  }
}

/** @throws {ConfigError} */
export function toUrl(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : null;
  if (target === null || !["http:", "https:"].includes(target.protocol)) {
    throw new ConfigError(`${JSON.stringify(url)} is no http(s) URL of a metrics endpoint`);
  }
  return target;
}

/** `fetch` refuses URLs that carry a user. */
function withoutUser(url: URL): URL {
  const plain = new URL(url);
  plain.username = "";
  plain.password = "";
  return plain;
}

function authorize({ username, password }: URL, authorization: string | null): Record<string, string> {
  if (username !== "") {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
  }
  return authorization === null ? {} : { authorization };
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
