import { renameSync, writeFileSync } from "node:fs";
import type { Subjects } from "./measured.ts";
import type { Table } from "./table.ts";

/** What was measured of each subject, and the tables made of it, as one JSON file. */
export function writeJson(path: string, subjects: Subjects, tables: readonly Table[]): void {
  const content = { measured: Object.fromEntries(subjects), tables };
  writeFileSync(`${path}.tmp`, `${JSON.stringify(content, null, 1)}\n`);
  renameSync(`${path}.tmp`, path);
}
