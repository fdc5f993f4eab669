import { replaceFile } from "../../src/replace-file.ts";
import type { Subjects } from "./measured.ts";
import type { Table } from "./table.ts";

/** What was measured of each subject, and the tables made of it, as one JSON file. */
export function writeJson(path: string, subjects: Subjects, tables: readonly Table[]): void {
  const content = { measured: Object.fromEntries(subjects), tables };
  replaceFile(path, `${JSON.stringify(content, null, 1)}\n`);
}
