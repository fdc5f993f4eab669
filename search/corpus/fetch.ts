import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { z } from "zod";
import { BadFileError, UpstreamError } from "../../src/errors.ts";
import { readOwnJson } from "../../src/json-file.ts";
import { replaceFile } from "../../src/replace-file.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import { type Converted, columnsOf, convert } from "./convert.ts";
import { checkTask, type DataFolder, type DataSet, readDataFolder } from "./datasets.ts";

const timeoutMs = 60_000;

/** Checksums of the originals as they were first fetched, by URL. */
const Lock = z.record(z.string(), z.string());
const lockName = "originals.lock.json";

export interface FetchReport {
  readonly fetched: readonly string[];
  readonly present: readonly string[];
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Brings the catalogue's sets that a data folder lacks into it. A set is entered into `datasets.json` after its file is
 * complete; one that fails, or is for a task that the folder does not know, leaves the folder as it was. Sets that are there are not
 * touched.
 */
export async function fetchSets(catalogue: readonly CatalogueEntry[], folder: string): Promise<FetchReport> {
  const path = join(folder, "datasets.json");
  let { tasks, dataSets }: DataFolder = existsSync(path) ? await readDataFolder(folder) : { tasks: [], dataSets: [] };
  const report = { fetched: [] as string[], present: [] as string[], failed: [] as FetchReport["failed"][number][] };
  for (const entry of catalogue) {
    if (dataSets.some((set) => set.name === entry.name)) report.present.push(entry.name);
    else
      try {
        checkTask(path, { ...entry, columns: columnsOf(entry) }, tasks);
        dataSets = [...dataSets, await fetchSet(entry, folder)];
        const content = tasks.length === 0 ? dataSets : { tasks, dataSets };
        writeWhole(path, `${JSON.stringify(content, null, 2)}\n`);
        report.fetched.push(entry.name);
      } catch (error) {
        report.failed.push({ name: entry.name, reason: (error as Error).message });
      }
  }
  return report;
}

async function fetchSet(entry: CatalogueEntry, folder: string): Promise<DataSet> {
  const lock = readLock(folder);
  const originals: { source: CatalogueEntry["files"][number]; text: string }[] = [];
  for (const source of entry.files) {
    const bytes = await download(source.url);
    const expected = source.sha256 ?? lock[source.url];
    const found = sha256(bytes);
    if (expected !== undefined && found !== expected)
      throw new BadFileError(
        `${source.url} has changed: sha256 ${found.slice(0, 12)}…, expected ${expected.slice(0, 12)}…`,
      );
    lock[source.url] = found;
    originals.push({ source, text: bytes.toString("utf8") });
  }
  const set = writeSet(entry, convert(entry, originals), folder);
  writeWhole(join(folder, lockName), `${JSON.stringify(lock, null, 2)}\n`);
  return set;
}

async function download(url: string): Promise<Buffer> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    return Buffer.from(await reply.arrayBuffer());
  } catch (cause) {
    const { message, cause: inner } = cause as Error;
    throw new UpstreamError(`${url}: ${inner instanceof Error ? inner.message : message}`, { cause });
  }
}

function writeSet(entry: CatalogueEntry, { columns, rows }: Converted, folder: string): DataSet {
  const file = `${entry.task}/${entry.name}.tsv.gz`;
  const bytes = gzipSync([columns, ...rows].map((cells) => `${cells.join("\t")}\n`).join(""));
  writeWhole(join(folder, file), bytes);
  const { name, task, licence, source, commit } = entry;
  return {
    name,
    task,
    file,
    sha256: sha256(bytes),
    columns: [...columns],
    languages: [entry.language],
    licence,
    source,
    commit,
  };
}

function readLock(folder: string): Record<string, string> {
  const path = join(folder, lockName);
  return existsSync(path) ? readOwnJson(path, Lock, "not a record of checksums") : {};
}

function writeWhole(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, content);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
