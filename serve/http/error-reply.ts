import type { ServerResponse } from "node:http";
import { z } from "zod";
import { AppError, OverloadedError } from "../../src/errors.ts";
import type { Log } from "../log.ts";
import { MethodNotAllowedError, RateLimitedError, UnauthorizedError } from "./http-errors.ts";

/** The one table from a failure's class to what the client is told. Classes that are not in it are bugs: 500. */
const replies: Readonly<Record<string, { readonly status: number; readonly title: string }>> = {
  InvalidInputError: { status: 400, title: "Invalid input" },
  UnauthorizedError: { status: 401, title: "No valid API key" },
  ForbiddenError: { status: 403, title: "Not allowed" },
  RouteNotFoundError: { status: 404, title: "No such route" },
  UnknownModelError: { status: 404, title: "No such student" },
  UnknownReplyError: { status: 404, title: "No such reply" },
  UnknownFeedbackError: { status: 404, title: "No such feedback" },
  MethodNotAllowedError: { status: 405, title: "Method not allowed" },
  BodyTooLargeError: { status: 413, title: "Body too large" },
  UnsupportedMediaTypeError: { status: 415, title: "Unsupported media type" },
  OverloadedError: { status: 429, title: "Overloaded" },
  RateLimitedError: { status: 429, title: "Too many requests" },
  ClientLeftError: { status: 499, title: "Client left" },
  ModelFailedError: { status: 500, title: "The student failed" },
  NotEnabledError: { status: 403, title: "Not enabled" },
  StorageFullError: { status: 507, title: "No room" },
  UnavailableError: { status: 503, title: "Not available now" },
};
const bug = { status: 500, title: "Internal error" };

/** Body of a failed request, RFC 9457. */
const Problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
});
export type Problem = Readonly<z.infer<typeof Problem>>;

/** Unknown errors are told without their text, which could hold anything. */
export function toProblem(cause: unknown): Problem {
  const known = cause instanceof AppError ? replies[cause.name] : undefined;
  if (known === undefined) return { type: "about:blank", ...bug };
  return { type: `urn:kdnas:${slug((cause as AppError).name)}`, ...known, detail: (cause as AppError).message };
}

/** How an API tells its failures. */
export interface ErrorShape {
  readonly contentType: string;
  /** Of the bodies. */
  readonly schema: z.ZodType;
  /** @param cause may know more than the problem, such as which field it was. */
  toReply(problem: Problem, cause: unknown): { readonly status: number; readonly body: unknown };
}

export const problemDetails: ErrorShape = {
  contentType: "application/problem+json",
  schema: Problem,
  toReply: (problem) => ({ status: problem.status, body: problem }),
};

export function sendError(res: ServerResponse, cause: unknown, log: Log, shape = problemDetails): void {
  const problem = toProblem(cause);
  if (problem.status === 500)
    log.error(`500: ${describe(cause)}`, { requestId: String(res.getHeader("x-request-id")) });
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const reply = shape.toReply(problem, cause);
  const body = JSON.stringify(reply.body);
  res.writeHead(reply.status, {
    ...headersFor(problem, cause),
    "content-type": shape.contentType,
    "content-length": Buffer.byteLength(body),
  });
  res.end(body);
}

/** What a failure says in headers, whatever the API. */
function headersFor({ status }: Problem, cause: unknown): Record<string, string> {
  if (cause instanceof OverloadedError || cause instanceof RateLimitedError)
    return { "retry-after": String(cause.retryAfterSeconds) };
  if (cause instanceof UnauthorizedError) return { "www-authenticate": 'Bearer realm="kdnas"' };
  if (cause instanceof MethodNotAllowedError) return { allow: cause.allow };
  if (status === 503) return { "retry-after": "1" };
  // The rest of a refused body is not waited for.
  return status === 413 ? { connection: "close" } : {};
}

/** Messages of unknown errors may quote a client's text, so only our own go to the log; for others the place must do. */
function describe(cause: unknown): string {
  if (cause instanceof AppError) return `${cause.name}: ${cause.message}`;
  if (!(cause instanceof Error)) return typeof cause;
  const frames = (cause.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  return [cause.name, ...frames.slice(0, 4).map((line) => line.trim())].join(" ");
}

/** `BodyTooLargeError` to `body-too-large`. */
function slug(name: string): string {
  return name
    .replace(/Error$/, "")
    .replace(/(?<=[a-z])[A-Z]/g, "-$&")
    .toLowerCase();
}
