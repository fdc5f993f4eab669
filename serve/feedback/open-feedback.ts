import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import {
  type FeedbackFile,
  type FeedbackHeader,
  type FeedbackLine,
  feedbackFileName,
  feedbackFormat,
  parseFeedback,
  type Span,
} from "../../src/contract/feedback.ts";
import { isDiskFull } from "../../src/disk-full.ts";
import { must } from "../../src/invariant.ts";
import { syncFolder } from "../../src/sync-folder.ts";

/** A feedback file that is whole, and open for writing at any place. */
interface OpenFile {
  readonly handle: FileHandle;
  readonly header: FeedbackHeader;
  readonly lines: readonly FeedbackLine[];
  /** Bytes of the file. */
  readonly size: number;
}

/** Only its owner may read what people wrote. */
export const fileMode = 0o600;
/** Less than this is not worth a rewriting. */
const compactedBytes = 65_536;
/** Share of its limit from which on a file has no room to spare for what no longer counts. */
const crowded = 0.9;

/**
 * Opens the file of a folder, or begins it. What a kill left half done is put right: a last line that was being written goes, an
 * erasing that had begun is ended, and what no longer counts is left out once it is most of the file, or the file nearly full.
 * @param limitBytes that the file may have.
 * @throws {BadFileError} when a line is damaged.
 */
export async function openFeedbackFile(folder: string, limitBytes: number): Promise<OpenFile> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, feedbackFileName);
  const draft = `${path}.draft`;
  rmSync(draft, { force: true });
  if (!existsSync(path)) await replace(path, draft, toHeaderLine(newHeader()));
  const content = readFileSync(path);
  const file = parseFeedback(path, content);
  if (file.header === null) return await beginAnew(path, draft);
  if (needsCompacting(file, content, limitBytes) && (await tryCompact(path, draft, file, content)))
    return await openFeedbackFile(folder, limitBytes);
  const handle = await open(path, "r+");
  if (content.length > file.intactBytes) await handle.truncate(file.intactBytes);
  await eraseLines(handle, file.halfErased);
  await handle.sync();
  return { handle, header: file.header, lines: file.lines, size: file.intactBytes };
}

/**
 * Lines become spaces. Their first bytes go first and alone: from then on, whatever comes, they are no lines. The last line's goes
 * after all others', or after a crash an earlier verdict would count again.
 */
export async function eraseLines(handle: FileHandle, lines: readonly Span[]): Promise<void> {
  const firstBytes = lines.map(({ offset }) => ({ offset, bytes: 1 }));
  await blank(handle, firstBytes.slice(0, -1));
  await blank(handle, firstBytes.slice(-1));
  await blank(handle, lines);
}

async function blank(handle: FileHandle, spans: readonly Span[]): Promise<void> {
  if (spans.length === 0) return;
  for (const { offset, bytes } of spans) await handle.write(Buffer.alloc(bytes, " "), 0, bytes, offset);
  await handle.datasync();
}

/** The header itself had been cut off: there was nothing in the file yet. */
async function beginAnew(path: string, draft: string): Promise<OpenFile> {
  const header = newHeader();
  const text = toHeaderLine(header);
  await replace(path, draft, text);
  return { handle: await open(path, "r+"), header, lines: [], size: Buffer.byteLength(text) };
}

function newHeader(): FeedbackHeader {
  return { format: feedbackFormat, salt: randomBytes(16).toString("hex"), created: new Date().toISOString() };
}

/** With its newline. */
export function toHeaderLine(header: FeedbackHeader): string {
  return `${JSON.stringify(header)}\n`;
}

function lastLines({ lines }: FeedbackFile): FeedbackLine[] {
  return [...new Map(lines.map((line) => [line.record.id, line])).values()];
}

function needsCompacting(file: FeedbackFile, content: Buffer, limitBytes: number): boolean {
  const live = lastLines(file).reduce((sum, { bytes }) => sum + bytes + 1, 0);
  const header = content.indexOf("\n") + 1;
  if (content.length > crowded * limitBytes) return header + live < content.length;
  return content.length > compactedBytes && live < content.length / 2;
}

/**
 * False when the disk has no room for a second file; the first one does as well. Apart from `compactFeedback`, since nobody has the
 * file open yet: Windows lets none take the place of an open one. Lines keep the order in which they were first given.
 */
async function tryCompact(path: string, draft: string, file: FeedbackFile, content: Buffer): Promise<boolean> {
  const kept = lastLines(file).map(({ offset, bytes }) => content.subarray(offset, offset + bytes + 1));
  try {
    await replace(path, draft, Buffer.concat([Buffer.from(toHeaderLine(must(file.header))), ...kept]));
    return true;
  } catch (error) {
    rmSync(draft, { force: true });
    if (isDiskFull(error)) return false;
    throw error;
  }
}

/** Puts a file in place by one rename, on disk before it is there. */
async function replace(path: string, draft: string, content: string | Buffer): Promise<void> {
  const handle = await open(draft, "w", fileMode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  renameSync(draft, path);
  syncFolder(join(path, ".."));
}
