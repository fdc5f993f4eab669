import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { BadFileError } from "../errors.ts";
import { TaskName } from "./manifest.ts";

/**
 * Corrections that users of a server sent, as it keeps them and the next search reads them: `<folder>/feedback.jsonl`, a header,
 * then a line a correction, only ever added to. A later line of an id replaces the earlier. What is to be erased is overwritten
 * with spaces where it stands, its first byte first, so a line that begins with a space is none. A last line without its
 * newline was being written when its process was killed, and was never acknowledged.
 */
export const feedbackFileName = "feedback.jsonl";
export const feedbackFormat = 1;

export const FeedbackHeader = z.strictObject({
  format: z.literal(feedbackFormat),
  /** Goes into every id, so that nobody can try by an id whether a text was sent. Hex. */
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  created: z.iso.datetime(),
});
export type FeedbackHeader = Readonly<z.infer<typeof FeedbackHeader>>;

const FeedbackId = z.string().regex(/^[0-9a-f]{24}$/, "24 hex digits");

/** What the student had said, where the correction is of a reply. */
const Said = z.strictObject({
  student: z.string(),
  version: z.string(),
  label: z.string(),
  score: z.number().min(0).max(1),
});

export const FeedbackRecord = z
  .strictObject({
    /** Of task, texts and key: whoever judges the same text again changes this correction. */
    id: FeedbackId,
    at: z.iso.datetime(),
    task: TaskName,
    /** One text, or source and target. */
    texts: z.array(z.string().min(1)).min(1).max(2),
    /** The right label, or else the right probability of the task's last label: of toxic, of adequate. */
    label: z.string().min(1).optional(),
    score: z.number().min(0).max(1).optional(),
    /** Language of the text, where it was given. */
    language: z.string().optional(),
    /** Id of the API key that it came by; null where the server asks for none. */
    key: z.string().nullable(),
    said: Said.optional(),
  })
  .refine(({ label, score }) => (label === undefined) !== (score === undefined), "a label or a score, one of both");
export type FeedbackRecord = Readonly<z.infer<typeof FeedbackRecord>>;

/** Where a line stands in the file, newline left out. */
export interface Span {
  readonly offset: number;
  readonly bytes: number;
}

export interface FeedbackLine extends Span {
  readonly record: FeedbackRecord;
}

export interface FeedbackFile {
  /** Null in a file that holds no whole line. */
  readonly header: FeedbackHeader | null;
  readonly lines: readonly FeedbackLine[];
  /** Lines whose erasing was interrupted: they count as erased, but are not blank yet. */
  readonly halfErased: readonly Span[];
  /** Up to the last newline; what follows was being written. */
  readonly intactBytes: number;
}

/**
 * @param exported whether it may be what a server exported: the same lines without the header, whose secret stays in the folder.
 * @throws {BadFileError} naming file and line; a kill cannot have damaged any but the last.
 */
export function parseFeedback(path: string, content: Buffer, { exported = false } = {}): FeedbackFile {
  const lines: FeedbackLine[] = [];
  const halfErased: Span[] = [];
  let header: FeedbackHeader | null = null;
  let offset = 0;
  for (let number = 1; ; number++) {
    const end = endOfLine(content, offset, exported && header === null);
    if (end === -1) return { header, lines, halfErased, intactBytes: offset };
    const span = { offset, bytes: end - offset };
    const text = content.toString("utf8", offset, end);
    if (number === 1 && !(exported && isRecord(text))) header = parseLine(FeedbackHeader, text, path, number);
    else if (!isErased(text)) lines.push({ ...span, record: parseLine(FeedbackRecord, text, path, number) });
    else if (text.trim() !== "") halfErased.push(span);
    offset = end + 1;
  }
}

/** -1 where none ends. The last line of an export is one also without a newline: no kill can have cut that file. */
function endOfLine(content: Buffer, offset: number, exported: boolean): number {
  const end = content.indexOf("\n", offset);
  return end === -1 && exported && offset < content.length ? content.length : end;
}

/** Whatever else is wrong with it. */
function isRecord(line: string): boolean {
  return z.object({ id: FeedbackId }).safeParse(toJson(line)).success;
}

function isErased(line: string): boolean {
  return line === "" || line.startsWith(" ");
}

function parseLine<T>(schema: z.ZodType<T>, line: string, path: string, number: number): T {
  const parsed = schema.safeParse(toJson(line));
  if (parsed.success) return parsed.data;
  // Neither the line nor the parser's own message, which quotes it: they hold people's texts.
  const [issue] = parsed.error.issues;
  const reason = issue?.code === "unrecognized_keys" ? "unknown field" : issue?.message;
  throw new BadFileError(`${path}:${number}: damaged line: ${issue?.path.join(".") || "line"}: ${reason}`);
}

function toJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The last word on each id, in the order in which they were first given. */
export function currentFeedback(lines: readonly FeedbackLine[]): FeedbackRecord[] {
  return [...new Map(lines.map(({ record }) => [record.id, record])).values()];
}

/**
 * Corrections of a server's feedback folder, also of one that runs, or of a file that it exported.
 * @throws {BadFileError} when there is none, or a line of it is damaged.
 */
export function readFeedback(path: string): FeedbackRecord[] {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, feedbackFileName) : path;
  if (!existsSync(file)) throw new BadFileError(`${file}: there is no feedback here`);
  return currentFeedback(parseFeedback(file, readFileSync(file), { exported: file === path }).lines);
}
