import { z } from "zod";
import { InvalidInputError } from "../../../src/errors.ts";
import type { ErrorShape } from "../../http/error-reply.ts";
import { toSchema } from "../../openapi/schema.ts";
import { anyList, listOf } from "../list-of.ts";
import { unset } from "../unset.ts";

/** Shapes of OpenAI's API as its published clients type them (openai-node, `src/resources/moderations.ts`). */

/** The categories of its moderation models. */
export const categories = [
  "harassment",
  "harassment/threatening",
  "hate",
  "hate/threatening",
  "illicit",
  "illicit/violent",
  "self-harm",
  "self-harm/instructions",
  "self-harm/intent",
  "sexual",
  "sexual/minors",
  "violence",
  "violence/graphic",
] as const;
export type Category = (typeof categories)[number];

/** An entry for each category. */
export function byCategory<T>(toEntry: (category: Category) => T): Record<Category, T> {
  return Object.fromEntries(categories.map((category) => [category, toEntry(category)])) as Record<Category, T>;
}

const Text = z.object({ type: z.literal("text"), text: z.string() });
/** Read so that it can be refused with the right code. */
const Image = z.object({ type: z.literal("image_url"), image_url: z.object({ url: z.string() }) });

/** A list of texts has a result each; a list of parts is one input, with one result. */
export const ModerationRequest = z.object({
  input: z.union(
    [
      z.string(),
      listOf(z.string(), anyList.min(1)),
      listOf(z.union([Text, Image]), anyList.min(1)).meta({ items: toSchema(Text, "input") }),
    ],
    "expected a text, a list of texts or a list of {type, text} parts",
  ),
  model: unset(z.string().min(1)),
});
export type ModerationRequest = z.infer<typeof ModerationRequest>;

const Moderation = z.strictObject({
  flagged: z.boolean(),
  categories: z.strictObject(byCategory(() => z.boolean())),
  category_scores: z.strictObject(byCategory(() => z.number().min(0).max(1))),
  category_applied_input_types: z.strictObject(byCategory(() => z.array(z.literal("text")))),
  /** Not OpenAI's: only the first part of the input was read. */
  truncated: z.literal(true).optional(),
});
export type Moderation = z.infer<typeof Moderation>;

export const ModerationReply = z.strictObject({ id: z.string(), model: z.string(), results: z.array(Moderation) });

export const OpenAiModel = z.strictObject({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.string(),
  /** Not OpenAI's: categories that are scored, and those that are always `false` and 0. */
  moderation: z.strictObject({ covered: z.array(z.string()), not_covered: z.array(z.string()) }),
});
export const OpenAiModels = z.strictObject({ object: z.literal("list"), data: z.array(OpenAiModel) });

/** An input that the API has but this server cannot judge. */
export class UnsupportedInputError extends InvalidInputError {}

export const openAiErrors: ErrorShape = {
  contentType: "application/json",
  schema: z.strictObject({
    error: z.strictObject({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
  }),
  toReply: ({ status, title, detail }, cause) => ({
    status,
    body: {
      error: { message: detail ?? title, type: typeOf(status), param: paramOf(cause), code: codeOf(status, cause) },
    },
  }),
};

function typeOf(status: number): string {
  if (status === 429) return "requests";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/** The field that the first complaint is about. */
function paramOf(cause: unknown): string | null {
  if (cause instanceof UnsupportedInputError) return "input";
  const inner = cause instanceof Error ? cause.cause : undefined;
  return inner instanceof z.ZodError ? (inner.issues[0]?.path.join(".") ?? null) : null;
}

function codeOf(status: number, cause: unknown): string | null {
  if (cause instanceof UnsupportedInputError) return "unsupported_input";
  const codes: Record<number, string> = { 401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded" };
  return codes[status] ?? null;
}
