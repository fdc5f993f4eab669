import { createHmac } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { FeedbackLine, FeedbackRecord, Span } from "../../src/contract/feedback.ts";
import { isDiskFull } from "../../src/disk-full.ts";
import { UnavailableError } from "../../src/errors.ts";
import { lockFolder } from "../../src/folder-lock.ts";
import { must } from "../../src/invariant.ts";
import { StorageFullError } from "../http-errors.ts";
import { blank, openFeedbackFile } from "./open-feedback.ts";

/** What somebody says of a text; the store gives it its id and its time. */
export type Correction = Omit<FeedbackRecord, "id" | "at">;

export const putOutcomes = ["stored", "replaced", "unchanged"] as const;
type PutOutcome = (typeof putOutcomes)[number];

/** Writes all bytes at a place of a file; fewer when the disk has just become full. */
export type Write = (handle: FileHandle, bytes: Buffer, position: number) => Promise<number>;

interface StoreOptions {
  /** Bytes that the file may have. */
  readonly limitBytes: number;
  /** @default what the system does */
  readonly write?: Write;
}

/** What is on disk of an id. */
interface Known {
  readonly key: string | null;
  readonly verdict: string;
  /** Every line of it, the last one counts. */
  readonly spans: readonly Span[];
}

interface Put {
  readonly correction: Correction;
  readonly resolve: (stored: { readonly id: string; readonly outcome: PutOutcome }) => void;
  readonly reject: (cause: unknown) => void;
}

const systemWrite: Write = async (handle, bytes, position) =>
  (await handle.write(bytes, 0, bytes.length, position)).bytesWritten;

/**
 * Opens a folder's corrections for this process alone.
 * @throws {ConfigError} when another process has it. @throws {BadFileError} when the file is damaged.
 */
export async function openFeedbackStore(folder: string, options: StoreOptions): Promise<FeedbackStore> {
  const unlock = lockFolder(folder, (by) => `${folder}: another process keeps feedback here (${by})`);
  try {
    const { handle, header, lines, size } = await openFeedbackFile(folder, options.limitBytes);
    return new FeedbackStore({ handle, salt: header.salt, lines, size, unlock, ...options });
  } catch (cause) {
    unlock();
    throw cause;
  }
}

/**
 * Corrections on disk. `put` and `remove` come true only when what they did would survive a power cut. Those that wait
 * while the disk is busy are written together and share one fsync. Work on the file is done one after the other.
 */
export class FeedbackStore {
  private readonly handle: FileHandle;
  private readonly salt: string;
  private readonly limitBytes: number;
  private readonly write: Write;
  private readonly unlock: () => void;
  private readonly known = new Map<string, Known>();
  private size: number;
  private waiting: Put[] = [];
  /** The last piece of work on the file. */
  private last: Promise<unknown> = Promise.resolve();
  /** Half a line stands behind `size` and could not be taken back. */
  private torn = false;

  constructor(
    options: StoreOptions & {
      readonly handle: FileHandle;
      readonly salt: string;
      readonly lines: readonly FeedbackLine[];
      readonly size: number;
      readonly unlock: () => void;
    },
  ) {
    this.handle = options.handle;
    this.salt = options.salt;
    this.limitBytes = options.limitBytes;
    this.write = options.write ?? systemWrite;
    this.unlock = options.unlock;
    this.size = options.size;
    for (const { record, ...span } of options.lines) this.note(record, span);
  }

  /** Corrections that count. */
  get count(): number {
    return this.known.size;
  }

  /** @throws {StorageFullError | UnavailableError} and then nothing is stored. */
  put(correction: Correction): Promise<{ readonly id: string; readonly outcome: PutOutcome }> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ correction, resolve, reject });
      if (this.waiting.length === 1) void this.inTurn(() => this.commit(this.waiting.splice(0)));
    });
  }

  /**
   * Erases every line of an id from the file. False when there is none that `mayRemove`, told the key that it came by,
   * allows. Needs no room on the disk.
   */
  remove(id: string, mayRemove: (key: string | null) => boolean): Promise<boolean> {
    return this.inTurn(async () => {
      const known = this.known.get(id);
      if (known === undefined || !mayRemove(known.key)) return false;
      // The last one goes last, or after a crash an earlier verdict would count again.
      for (const span of known.spans) await blank(this.handle, span);
      this.known.delete(id);
      return true;
    });
  }

  /** The lines that count, as they stand in the file, with their newlines. */
  async *export(): AsyncGenerator<Buffer> {
    for (const { spans } of [...this.known.values()]) {
      const { offset, bytes } = must(spans.at(-1));
      const line = Buffer.alloc(bytes + 1);
      await this.handle.read(line, 0, bytes + 1, offset);
      // It may have been erased since.
      if (line[0] !== 0x20) yield line;
    }
  }

  /** What waits is written before. */
  async close(): Promise<void> {
    await this.inTurn(async () => {});
    await this.handle.close();
    this.unlock();
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => {});
    return done;
  }

  private async commit(puts: readonly Put[]): Promise<void> {
    const outcomes = new Map<Put, { readonly id: string; readonly outcome: PutOutcome }>();
    try {
      const lines = this.toLines(puts, outcomes);
      await this.append(lines.map(({ line }) => line));
      for (const { record, line } of lines) {
        this.note(record, { offset: this.size, bytes: line.length - 1 });
        this.size += line.length;
      }
      for (const put of puts) {
        const outcome = outcomes.get(put);
        if (outcome) put.resolve(outcome);
        else put.reject(new StorageFullError("the feedback folder has reached KDNAS_FEEDBACK_LIMIT_BYTES"));
      }
    } catch (cause) {
      for (const { reject } of puts) reject(cause);
    }
  }

  /** Lines for what says something new; puts for which there is no room get no outcome. */
  private toLines(puts: readonly Put[], outcomes: Map<Put, { readonly id: string; readonly outcome: PutOutcome }>) {
    const lines: { readonly record: FeedbackRecord; readonly line: Buffer }[] = [];
    const verdicts = new Map<string, string>();
    let size = this.size;
    for (const put of puts) {
      const id = this.idOf(put.correction);
      const record: FeedbackRecord = { id, at: new Date().toISOString(), ...put.correction };
      const before = verdicts.get(id) ?? this.known.get(id)?.verdict;
      if (before === verdictOf(record)) {
        outcomes.set(put, { id, outcome: "unchanged" });
        continue;
      }
      const line = Buffer.from(`${JSON.stringify(record)}\n`);
      if (size + line.length > this.limitBytes) continue;
      size += line.length;
      lines.push({ record, line });
      verdicts.set(id, verdictOf(record));
      outcomes.set(put, { id, outcome: before === undefined ? "stored" : "replaced" });
    }
    return lines;
  }

  private async append(lines: readonly Buffer[]): Promise<void> {
    if (this.torn) await this.takeBack();
    if (lines.length === 0) return;
    const bytes = Buffer.concat(lines);
    try {
      const written = await this.write(this.handle, bytes, this.size);
      if (written < bytes.length) throw new StorageFullError("the disk is full; nothing was stored");
      await this.handle.datasync();
    } catch (cause) {
      this.torn = true;
      await this.takeBack().catch(() => {});
      if (cause instanceof StorageFullError) throw cause;
      if (isDiskFull(cause)) throw new StorageFullError("the disk is full; nothing was stored", { cause });
      throw new UnavailableError("feedback cannot be written now; nothing was stored", { cause });
    }
  }

  private async takeBack(): Promise<void> {
    await this.handle.truncate(this.size);
    await this.handle.datasync();
    this.torn = false;
  }

  private note(record: FeedbackRecord, span: Span): void {
    const spans = this.known.get(record.id)?.spans ?? [];
    this.known.set(record.id, { key: record.key, verdict: verdictOf(record), spans: [...spans, span] });
  }

  private idOf({ task, texts, key }: Correction): string {
    const subject = JSON.stringify([task, key, texts]);
    return createHmac("sha256", this.salt).update(subject).digest("hex").slice(0, 24);
  }
}

function verdictOf({ label, score, language }: Correction): string {
  return JSON.stringify([label, score, language]);
}
