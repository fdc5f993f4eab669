import { readFileSync } from "node:fs";
import { z } from "zod";
import { BadFileError } from "./errors.ts";

/**
 * A JSON file by its schema.
 * @param what the message says between the path and the reason, as in "not a usable manifest"
 * @throws {BadFileError} when it is missing, no JSON or of another shape.
 */
export function readJson<T>(path: string, schema: z.ZodType<T>, what: string): T {
  return orBadFile(`${path}: ${what}`, () => fromJson(readFileSync(path, "utf8"), schema));
}

/**
 * As `readJson`, of a file that no person writes: which of its fields is wrong helps nobody, so the message ends with `what`.
 * @throws {BadFileError}
 */
export function readOwnJson<T>(path: string, schema: z.ZodType<T>, what: string): T {
  try {
    return fromJson(readFileSync(path, "utf8"), schema);
  } catch (cause) {
    throw new BadFileError(`${path}: ${what}`, { cause });
  }
}

/**
 * As `readJson`, of a text that was read before.
 * @param place a path, or a path and a line, for the message
 * @throws {BadFileError}
 */
export function checkedJson<T>(place: string, text: string, schema: z.ZodType<T>, what: string): T {
  return orBadFile(`${place}: ${what}`, () => fromJson(text, schema));
}

/** Some editors and clients begin a text with the mark of its byte order, which JSON has not. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** A byte order mark may stand before it. @throws {SyntaxError | z.ZodError} for whom another class is to blame. */
export function fromJson<T>(text: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(withoutByteOrderMark(text)));
}

/** What a schema, a parser or the file system found wrong, for a message. */
export function reasonOf(cause: unknown): string {
  return cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
}

function orBadFile<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new BadFileError(`${message}: ${reasonOf(cause)}`, { cause });
  }
}
