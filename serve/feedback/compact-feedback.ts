import { renameSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type FeedbackHeader, feedbackFileName, type Span } from "../../src/contract/feedback.ts";
import { invariant, must } from "../../src/invariant.ts";
import { StorageFullError } from "../http/http-errors.ts";
import { fileMode, toHeaderLine } from "./open-feedback.ts";

/** Writes all bytes at a place of a file; fewer when the disk has just become full. */
export type Write = (handle: FileHandle, bytes: Buffer, position: number) => Promise<number>;

interface Source {
  readonly folder: string;
  readonly header: FeedbackHeader;
  /** Of the file as it is. */
  readonly handle: FileHandle;
  /** Of the lines that are kept, in its order. */
  readonly spans: readonly Span[];
  readonly write: Write;
}

interface Compacted {
  readonly handle: FileHandle;
  /** Of the same lines, in the same order. */
  readonly spans: readonly Span[];
  readonly size: number;
}

/** Bytes of the file that are read and written at once, or one line. */
const windowBytes = 1 << 20;

/**
 * Writes some lines of a file into another one, which takes its place by one rename, on disk before it is there. The folder is left
 * to be synced. It was open before it had the name, so nothing can fail between the rename and the use of it.
 * @throws {StorageFullError} or the system's error, and then the file is as it was.
 */
export async function compactFeedback(source: Source): Promise<Compacted> {
  const path = join(source.folder, feedbackFileName);
  const draft = `${path}.draft`;
  const handle = await open(draft, "w+", fileMode);
  try {
    const copied = await copyLines(source, handle);
    await handle.sync();
    renameSync(draft, path);
    return { handle, ...copied };
  } catch (cause) {
    await handle.close().catch(() => {});
    rmSync(draft, { force: true });
    throw cause;
  }
}

async function copyLines({ header, handle, spans, write }: Source, draft: FileHandle) {
  const copied: Span[] = [];
  let size = 0;
  const append = async (bytes: Buffer) => {
    const written = await write(draft, bytes, size);
    if (written < bytes.length) throw new StorageFullError("the disk is full");
    size += bytes.length;
  };
  await append(Buffer.from(toHeaderLine(header)));
  for (const window of windowsOf(spans)) {
    let offset = size;
    for (const { bytes } of window) {
      copied.push({ offset, bytes });
      offset += bytes + 1;
    }
    await append(await readLines(handle, window));
  }
  return { spans: copied, size };
}

function* windowsOf(spans: readonly Span[]): Generator<readonly Span[]> {
  let window: Span[] = [];
  for (const span of spans) {
    const begin = window[0]?.offset ?? span.offset;
    if (window.length > 0 && endOf(span) - begin > windowBytes) {
      yield window;
      window = [];
    }
    window.push(span);
  }
  if (window.length > 0) yield window;
}

/** With their newlines, and without what stands between them. */
async function readLines(handle: FileHandle, window: readonly Span[]): Promise<Buffer> {
  const begin = must(window[0]).offset;
  const content = Buffer.alloc(endOf(must(window.at(-1))) - begin);
  const { bytesRead } = await handle.read(content, 0, content.length, begin);
  invariant(bytesRead === content.length, "The feedback file ends before its lines do");
  return Buffer.concat(window.map((span) => content.subarray(span.offset - begin, endOf(span) - begin)));
}

function endOf({ offset, bytes }: Span): number {
  return offset + bytes + 1;
}
