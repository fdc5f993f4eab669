import { appendFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "../../src/json-file.ts";
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
    read: () => (existsSync(path) ? readJson(path, ControlRecord, "not usable") : initialRecord()),
    // What could not be read back would lose all that control knows.
    write: (record) => writeJson(path, ControlRecord.parse(record)),
    note: ({ decision, reason }, atMs, outcome) => {
      const line = { at: new Date(atMs).toISOString(), key: decisionKey(decision), decision, reason, outcome };
      appendFileSync(join(folder, "decisions.jsonl"), `${JSON.stringify(line)}\n`);
    },
  };
}

/** By a rename, and on disk before it returns: a reader sees the old file or the new one, also after a power cut. */
export function writeJson(path: string, content: unknown): void {
  replaceFileDurably(path, `${JSON.stringify(content, null, 1)}\n`);
}
