import { createHmac } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { FeedbackHeader, FeedbackLine, FeedbackRecord } from "../../src/contract/feedback.ts";
import { isDiskFull } from "../../src/disk-full.ts";
import { errorCode } from "../../src/error-code.ts";
import { UnavailableError } from "../../src/errors.ts";
import { lockFolder } from "../../src/folder-lock.ts";
import { syncFolder } from "../../src/sync-folder.ts";
import { StorageFullError } from "../http/http-errors.ts";
import { compactFeedback, type Write } from "./compact-feedback.ts";
import { KnownCorrections, lineOf, verdictOf } from "./known-corrections.ts";
import { eraseLines, openFeedbackFile, toHeaderLine } from "./open-feedback.ts";

/** What somebody says of a text; the store gives it its id and its time. */
export type Correction = Omit<FeedbackRecord, "id" | "at">;

export const putOutcomes = ["stored", "replaced", "unchanged"] as const;
type PutOutcome = (typeof putOutcomes)[number];

/** What is said of a correction once it is on disk. */
interface Stored {
  readonly id: string;
  readonly outcome: PutOutcome;
}

interface StoreOptions {
  /** Bytes that the file may have. */
  readonly limitBytes: number;
  /** @default what the system does */
  readonly write?: Write;
}

interface Put {
  readonly correction: Correction;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (cause: unknown) => void;
}

/** Share of its limit that is worth writing the whole file anew for, while it is served: there may be hundreds of megabytes of it. */
const leastFreed = 1 / 64;
/** Where that failed, the disk is left alone for a while. */
const pauseMs = 60_000;

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
    return new FeedbackStore({ folder, handle, header, lines, size, unlock, ...options });
  } catch (cause) {
    unlock();
    throw cause;
  }
}

/**
 * Corrections on disk. `put` and `remove` come true only when what they did would survive a power cut. Those that wait
 * while the disk is busy are written together and share one fsync. Work on the file is done one after the other. When it has reached
 * its limit, it is written anew without what was replaced or erased.
 */
export class FeedbackStore {
  private readonly folder: string;
  private readonly header: FeedbackHeader;
  private readonly limitBytes: number;
  private readonly write: Write;
  private readonly unlock: () => void;
  private readonly known = new KnownCorrections();
  private handle: FileHandle;
  private size: number;
  private waiting: Put[] = [];
  /** The last piece of work on the file. */
  private last: Promise<unknown> = Promise.resolve();
  /** Half a line stands behind `size` and could not be taken back. */
  private torn = false;
  /** Whether the folder is on disk as it is: after a power cut it may else have the file that was there before. */
  private placed = true;
  /** When the file may be written anew again, by `performance.now()`. */
  private compactsFrom = 0;

  constructor(
    options: StoreOptions & {
      readonly folder: string;
      readonly handle: FileHandle;
      readonly header: FeedbackHeader;
      readonly lines: readonly FeedbackLine[];
      readonly size: number;
      readonly unlock: () => void;
    },
  ) {
    this.folder = options.folder;
    this.handle = options.handle;
    this.header = options.header;
    this.limitBytes = options.limitBytes;
    this.write = options.write ?? systemWrite;
    this.unlock = options.unlock;
    this.size = options.size;
    for (const { record, ...span } of options.lines) this.known.note(record, span);
  }

  /** Corrections that count. */
  get count(): number {
    return this.known.count;
  }

  /** @throws {StorageFullError | UnavailableError} and then nothing is stored. */
  put(correction: Correction): Promise<Stored> {
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
      this.place();
      await eraseLines(this.handle, known.spans);
      this.known.forget(id);
      return true;
    });
  }

  /** The lines that count, as they stand in the file, with their newlines. */
  async *export(): AsyncGenerator<Buffer> {
    for (const id of this.known.ids()) {
      const known = this.known.get(id);
      if (known === undefined) continue;
      const { offset, bytes } = lineOf(known);
      const line = Buffer.alloc(bytes + 1);
      // Where the file is written anew meanwhile, the one before is closed when this has been read.
      await this.handle.read(line, 0, bytes + 1, offset);
      // It may have been erased since.
      if (line[0] !== 0x20 && this.known.get(id) !== undefined) yield line;
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
    try {
      let planned = this.toLines(puts);
      // All of them anew: what had room before may have none beside an earlier put that has some now.
      if (planned.outcomes.size < puts.length && (await this.tryCompact())) planned = this.toLines(puts);
      const { lines, outcomes } = planned;
      await this.append(lines.map(({ line }) => line));
      for (const { record, line } of lines) {
        this.known.note(record, { offset: this.size, bytes: line.length - 1 });
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

  /** Lines for what says something new, and what each put comes to with them; those for which there is no room get no outcome. */
  private toLines(puts: readonly Put[]) {
    const lines: { readonly record: FeedbackRecord; readonly line: Buffer }[] = [];
    const outcomes = new Map<Put, Stored>();
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
    return { lines, outcomes };
  }

  private async append(lines: readonly Buffer[]): Promise<void> {
    if (this.torn) await this.takeBack();
    if (lines.length === 0) return;
    this.place();
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

  /**
   * Makes room of what was replaced or erased. False where that is too little, or the file cannot be written anew, as on a disk that has
   * no room for a second one: the first one does as well.
   */
  private async tryCompact(): Promise<boolean> {
    const freed = this.size - Buffer.byteLength(toHeaderLine(this.header)) - this.known.liveBytes;
    if (freed < leastFreed * this.limitBytes || performance.now() < this.compactsFrom) return false;
    try {
      await this.compact();
    } catch (cause) {
      if (!(cause instanceof StorageFullError) && errorCode(cause) === "") throw cause;
      this.compactsFrom = performance.now() + pauseMs;
      return false;
    }
    return true;
  }

  private async compact(): Promise<void> {
    const { folder, header, handle: before, write } = this;
    const { spans, moved } = this.known.live();
    const written = await compactFeedback({ folder, header, handle: before, spans, write });
    moved(written.spans);
    this.handle = written.handle;
    this.size = written.size;
    this.torn = false;
    this.placed = false;
    await before.close().catch(() => {});
  }

  /** @throws {UnavailableError} while nothing can be promised. */
  private place(): void {
    if (this.placed) return;
    try {
      syncFolder(this.folder);
      this.placed = true;
    } catch (cause) {
      throw new UnavailableError("feedback cannot be written now", { cause });
    }
  }

  private idOf({ task, texts, key }: Correction): string {
    const subject = JSON.stringify([task, key, texts]);
    return createHmac("sha256", this.header.salt).update(subject).digest("hex").slice(0, 24);
  }
}
