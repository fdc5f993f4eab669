import { AppError, BadFileError, ConfigError } from "../../src/errors.ts";
import type { Config } from "../config.ts";
import { NotEnabledError } from "../http/http-errors.ts";
import { type FeedbackStore, openFeedbackStore } from "./feedback-store.ts";
import { createReplyMemory, type ReplyMemory } from "./reply-memory.ts";

/** Corrections that are kept, and the replies that they may be about. */
export interface Feedback {
  readonly store: FeedbackStore;
  readonly replies: ReplyMemory;
}

/** Null where no folder is set: then neither corrections nor replies are kept. @throws {ConfigError} */
export async function openFeedback(
  config: Pick<Config, "feedback" | "feedbackLimitBytes" | "feedbackReplyBytes">,
): Promise<Feedback | null> {
  if (config.feedback === "") return null;
  try {
    const store = await openFeedbackStore(config.feedback, { limitBytes: config.feedbackLimitBytes });
    return { store, replies: createReplyMemory(config.feedbackReplyBytes) };
  } catch (cause) {
    const system = !(cause instanceof AppError) && (cause as NodeJS.ErrnoException).code !== undefined;
    if (!system && !(cause instanceof BadFileError) && !(cause instanceof ConfigError)) throw cause;
    throw new ConfigError(`KDNAS_FEEDBACK: ${(cause as Error).message}`, { cause });
  }
}

/** @throws {NotEnabledError} where no folder is set. */
export function enabled(feedback: Feedback | null): Feedback {
  if (feedback === null)
    throw new NotEnabledError(
      "feedback is not enabled on this server, since it keeps texts: nothing was stored. KDNAS_FEEDBACK names a folder for it",
    );
  return feedback;
}
