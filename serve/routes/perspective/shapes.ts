import { z } from "zod";
import { InvalidInputError } from "../../../src/errors.ts";
import type { ErrorShape } from "../../http/error-reply.ts";
import { BodyTooLargeError } from "../../http/http-errors.ts";
import { anyList, listOf, recordOf } from "../list-of.ts";
import { unset } from "../unset.ts";

/** Shapes of Perspective's Comment Analyzer v1alpha1, from its discovery document and its page on limits and errors. */

const ScoreType = unset(z.string());
/** A text that is not set is an empty one. */
const Text = z
  .string()
  .nullish()
  .transform((text) => text ?? "");
const Comment = z.object({ text: Text, type: unset(z.string()) });
/** More than any student knows: each of them is compared with those of every attribute. */
const mostLanguages = 200;
const LanguageList = listOf(z.string(), anyList.max(mostLanguages, `at most ${mostLanguages} of them`));
/** Or one that is no list: as R writes a list of one (peRspective does). */
const Languages = z.preprocess((tags) => (typeof tags === "string" ? [tags] : tags), LanguageList);
const common = {
  comment: Comment,
  languages: unset(Languages),
  clientToken: unset(z.string()),
  /** Nothing is ever stored by `analyze`, so these are read and change nothing. */
  sessionId: unset(z.string()),
  communityId: unset(z.string()),
  context: z.unknown().optional(),
};

export const AnalyzeRequest = z.object({
  ...common,
  requestedAttributes: recordOf(z.object({ scoreType: ScoreType, scoreThreshold: unset(z.number()) }))
    .nullish()
    .transform((requested) => requested ?? {}),
  spanAnnotations: unset(z.boolean()),
  /** Not even in the memory of recent replies. */
  doNotStore: unset(z.boolean()),
  /** Attributes that do not support the comment's language are left out of the reply in place of refusing it. */
  dropUnsupportedAttributes: unset(z.boolean()),
});
export type AnalyzeRequest = z.infer<typeof AnalyzeRequest>;

const Score = z.strictObject({ value: z.number().min(0).max(1), type: z.literal("PROBABILITY") });
const SpanScore = z.strictObject({ begin: z.int(), end: z.int(), score: Score });
const AttributeScores = z.strictObject({ summaryScore: Score, spanScores: z.array(SpanScore) });
export type AttributeScores = z.infer<typeof AttributeScores>;

export const AnalyzeReply = z.strictObject({
  /** An attribute whose score is below its threshold is left out. */
  attributeScores: z.record(z.string(), AttributeScores),
  languages: z.array(z.string()),
  detectedLanguages: z.array(z.string()),
  clientToken: z.string().optional(),
  /** Not Perspective's: only the first part of the comment was read. */
  truncated: z.literal(true).optional(),
});

export const SuggestRequest = z.object({
  ...common,
  attributeScores: recordOf(
    z.object({
      summaryScore: unset(z.object({ value: z.number(), type: ScoreType })),
      spanScores: unset(listOf(z.object({ begin: unset(z.int()), end: unset(z.int()) }))),
    }),
  ),
});
export type SuggestRequest = z.infer<typeof SuggestRequest>;
export const SuggestReply = z.strictObject({
  clientToken: z.string().optional(),
  requestedLanguages: z.array(z.string()),
  /** None: what is suggested is not judged. */
  detectedLanguages: z.array(z.string()).max(0),
});

/** One of the causes that Perspective tells apart. */
type ErrorType =
  | "COMMENT_TOO_LONG"
  | "COMMENT_EMPTY"
  | "NO_REQUESTED_ATTRIBUTES"
  | "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
  | "LANGUAGE_DETECTION_FAILED"
  | "INVALID_REQUEST";

export class PerspectiveError extends InvalidInputError {
  readonly errorType: ErrorType;
  /** What else the error's details say. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(errorType: ErrorType, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.errorType = errorType;
    this.facts = facts;
  }
}

/** Google's canonical codes (google.rpc.Code) for the statuses of this server. */
const codes: Readonly<Record<number, string>> = {
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
  507: "RESOURCE_EXHAUSTED",
};

export const googleErrors: ErrorShape = {
  contentType: "application/json; charset=UTF-8",
  schema: z.strictObject({
    error: z.strictObject({
      code: z.int(),
      message: z.string(),
      status: z.string(),
      details: z.array(z.record(z.string(), z.unknown())).optional(),
    }),
  }),
  toReply: ({ status: own, title, detail }, cause) => {
    const status = cause instanceof BodyTooLargeError ? 400 : own;
    const error = { code: status, message: detail ?? title, status: codes[status] ?? "INVALID_ARGUMENT" };
    return { status, body: { error: { ...error, ...(status === 400 && { details: [toDetails(cause)] }) } } };
  },
};

function toDetails(cause: unknown) {
  const type = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error";
  if (cause instanceof BodyTooLargeError) return { "@type": type, errorType: "COMMENT_TOO_LONG" };
  if (!(cause instanceof PerspectiveError)) return { "@type": type, errorType: "INVALID_REQUEST" };
  return { "@type": type, errorType: cause.errorType, ...cause.facts };
}
