import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { isDiskFull } from "../../src/disk-full.ts";
import { BadFileError, ConfigError } from "../../src/errors.ts";
import { checkedJson } from "../../src/json-file.ts";
import { syncFolder } from "../../src/sync-folder.ts";
import { Trial } from "../space/trial.ts";

/**
 * `runs/<id>/journal.jsonl`: a header, then a line a trial, each on disk before `append` returns. A search that is killed
 * loses at most the line it was writing: a last line without its newline is dropped on reading. A damaged line before
 * that cannot come from a kill and is an error.
 */
export const Header = z.strictObject({
  format: z.literal(1),
  searchId: z.string().min(1),
  /** sha256 over the settings, keys sorted. */
  settingsHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** What makes trials comparable: seed, space, data, proxy share, loss, teacher and so on. */
  settings: z.record(z.string(), z.unknown()),
  created: z.iso.datetime(),
});
export type Header = Readonly<z.infer<typeof Header>>;

export interface JournalContent {
  readonly header: Header;
  readonly trials: readonly Trial[];
}

export interface Journal {
  readonly header: Header;
  /** What the journal held when it was opened. */
  readonly trials: readonly Trial[];
  /**
   * One write, then fsync. False when the disk is full: the trial then waits, and is written before the next or on closing.
   * @throws when the trial does not fit the schema; nothing is written then.
   */
  append(trial: Trial): boolean;
  /** @throws when trials still wait and the disk is still full. */
  close(): void;
}

/** `writeSync` to the end of a file: bytes written, which may be fewer when the disk has just become full. */
export type Write = (file: number, bytes: Buffer) => number;

/**
 * Opens the journal of a search, or begins it.
 * @throws {ConfigError} when it was written under other settings, naming those that differ.
 * @throws {BadFileError} when a line is damaged, naming file and line.
 */
export function openJournal(
  path: string,
  searchId: string,
  settings: Readonly<Record<string, unknown>>,
  write: Write = writeSync,
): Journal {
  mkdirSync(dirname(path), { recursive: true });
  const found = existsSync(path) ? parse(path, readFileSync(path)) : null;
  if (found?.content) checkSettings(path, found.content.header, settings);
  const file = openSync(path, "a");
  ftruncateSync(file, found?.intactBytes ?? 0);
  const content = found?.content ?? begin(file, path, searchId, settings);
  const waiting: string[] = [];
  const tryWaiting = () => {
    while (waiting[0] !== undefined && tryWrite(file, waiting[0], write)) waiting.shift();
    return waiting.length === 0;
  };
  return {
    ...content,
    append: (trial) => {
      waiting.push(toLine(Trial.parse(trial)));
      return tryWaiting();
    },
    close: () => {
      const written = tryWaiting();
      closeSync(file);
      if (!written) throw new BadFileError(`${path}: the disk is full, ${waiting.length} trials are not in it`);
    },
  };
}

/** False when the disk is full; a part of the line that was written is taken back. */
function tryWrite(file: number, line: string, write: Write): boolean {
  const { size } = fstatSync(file);
  const bytes = Buffer.from(line);
  try {
    if (write(file, bytes) === bytes.length) {
      fsyncSync(file);
      return true;
    }
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
  ftruncateSync(file, size);
  return false;
}

/** Reads a journal without touching it. @throws {BadFileError} when it is missing, has no header or a damaged line. */
export function readJournal(path: string): JournalContent {
  if (!existsSync(path)) throw new BadFileError(`${path}: there is no journal here`);
  const { content } = parse(path, readFileSync(path));
  if (content === null) throw new BadFileError(`${path}: the journal has no header`);
  return content;
}

/** sha256 of the settings, independent of the order of their keys. */
export function hashSettings(settings: Readonly<Record<string, unknown>>): string {
  return createHash("sha256").update(canonical(settings)).digest("hex");
}

function begin(
  file: number,
  path: string,
  searchId: string,
  settings: Readonly<Record<string, unknown>>,
): JournalContent {
  const header: Header = {
    format: 1,
    searchId,
    settingsHash: hashSettings(settings),
    settings: { ...settings },
    created: new Date().toISOString(),
  };
  writeSync(file, toLine(header));
  fsyncSync(file);
  syncFolder(dirname(path));
  return { header, trials: [] };
}

function toLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function checkSettings(path: string, header: Header, settings: Readonly<Record<string, unknown>>): void {
  if (header.settingsHash === hashSettings(settings)) return;
  const names = [...new Set([...Object.keys(header.settings), ...Object.keys(settings)])];
  const changes = names
    .filter((name) => canonical(header.settings[name]) !== canonical(settings[name]))
    .map((name) => `${name} was ${canonical(header.settings[name])}, is ${canonical(settings[name])}`);
  throw new ConfigError(
    `${path}: this search was begun with other settings (${changes.join("; ")}); take them back or begin another search (--id)`,
  );
}

function parse(path: string, bytes: Buffer): { content: JournalContent | null; intactBytes: number } {
  const intactBytes = bytes.lastIndexOf("\n") + 1;
  const [first, ...rest] = bytes.toString("utf8", 0, intactBytes).split("\n").slice(0, -1);
  if (first === undefined) return { content: null, intactBytes };
  const header = parseLine(Header, first, path, 1);
  return { content: { header, trials: rest.map((line, i) => parseLine(Trial, line, path, i + 2)) }, intactBytes };
}

function parseLine<T>(schema: z.ZodType<T>, line: string, path: string, number: number): T {
  return checkedJson(`${path}:${number}`, line, schema, "damaged line");
}

/** JSON with sorted keys; a key without a value is as good as none. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "absent";
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}
