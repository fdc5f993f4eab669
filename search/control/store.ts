import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { BadFileError } from "../../src/errors.ts";
import { replaceFileDurably } from "../../src/replace-file.ts";
import { decisionKey } from "./decision.ts";
import { ControlRecord, initialRecord } from "./record.ts";
import type { Reasoned } from "./situation.ts";

/** Control's folder: `state.json`, `decisions.jsonl`, `proposals/`, `searches/`. */
export interface Store {
  read(): ControlRecord;
  /** On disk before it returns. */
  write(record: ControlRecord): void;
  /** A line for every decision but `nothing`, and what became of it. */
  note(reasoned: Reasoned, atMs: number, outcome: string): void;
}

export function openStore(folder: string): Store {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "state.json");
  return {
    read: () => (existsSync(path) ? readJson(path, ControlRecord) : initialRecord()),
    // What could not be read back would lose all that control knows.
    write: (record) => writeJson(path, ControlRecord.parse(record)),
    note: ({ decision, reason }, atMs, outcome) => {
      const line = { at: new Date(atMs).toISOString(), key: decisionKey(decision), decision, reason, outcome };
      appendFileSync(join(folder, "decisions.jsonl"), `${JSON.stringify(line)}\n`);
    },
  };
}

/** @throws {BadFileError} with the path and what is wrong. */
export function readJson<T>(path: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new BadFileError(`${path}: not usable: ${reason}`, { cause });
  }
}

/** By a rename, and on disk before it returns: a reader sees the old file or the new one, also after a power cut. */
export function writeJson(path: string, content: unknown): void {
  replaceFileDurably(path, `${JSON.stringify(content, null, 1)}\n`);
}
