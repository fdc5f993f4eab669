import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { onTestFinished } from "vitest";

/** An empty folder that is gone after the test. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kdnas-data-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface TinySet {
  readonly name: string;
  readonly task: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly [key: string]: unknown;
}

/** A data folder on disk, gzipped, with checksums; entries may overrule anything. */
export function dataFolder(...sets: readonly TinySet[]): string {
  const folder = emptyFolder();
  const entries = sets.map(({ rows, ...entry }) => {
    const file = `${entry.name}.tsv.gz`;
    const bytes = gzipSync([entry.columns, ...rows].map((cells) => `${cells.join("\t")}\n`).join(""));
    writeFileSync(join(folder, file), bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { file, sha256, licence: "CC0-1.0", source: "made for a test", ...entry };
  });
  writeFileSync(join(folder, "datasets.json"), JSON.stringify(entries));
  return folder;
}

/** A folder that declares tasks besides its sets. */
export function declaring(tasks: unknown, ...sets: readonly TinySet[]): string {
  const folder = dataFolder(...sets);
  const path = join(folder, "datasets.json");
  writeFileSync(path, JSON.stringify({ tasks, dataSets: JSON.parse(readFileSync(path, "utf8")) }));
  return folder;
}
