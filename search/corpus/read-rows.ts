import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorCode } from "../../src/error-code.ts";
import { BadFileError } from "../../src/errors.ts";
import type { LabelledRow } from "../../src/tasks/task.ts";
import { type DataSet, isOfPairs } from "./datasets.ts";
import { isInShare } from "./split.ts";

export interface Row extends LabelledRow {
  /** `train` where the file has no split column. */
  readonly split: string;
  readonly dataSet: string;
  /** Line in the file, from 1 (the header). */
  readonly line: number;
}

/**
 * Streams a set's rows, a chunk of the file at a time (an await for every row would cost more than the reading). Texts
 * may share memory with their whole chunk: keep them through `ownCopy`.
 *
 * @throws {BadFileError} with file and line: missing file, damaged gzip, another header than declared, a row with too
 * few or too many cells, an empty text, bytes that are not UTF-8; and at the end when the checksum differs.
 */
export async function* readRows(folder: string, set: DataSet): AsyncGenerator<Row[]> {
  const path = join(folder, set.file);
  const hash = createHash("sha256");
  const toRow = rowParser(path, set);
  let line = 0;
  for await (const lines of readLines(path, hash)) {
    const rows: Row[] = [];
    for (const text of lines) {
      line++;
      if (line === 1) checkHeader(path, text, set.columns);
      else rows.push(toRow(text, line));
    }
    yield rows;
  }
  checkHash(path, hash.digest("hex"), set.sha256);
}

/** A string that holds no other string in memory (V8 keeps the parent of a slice alive). */
export function ownCopy(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}

async function* readLines(path: string, hash: Hash): AsyncGenerator<string[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  try {
    for await (const chunk of open(path, hash)) {
      const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split("\n");
      rest = lines.pop() as string;
      if (lines.length > 0) yield lines;
    }
    rest += decoder.decode();
  } catch (cause) {
    throw new BadFileError(`${path}: ${whyUnreadable(cause)}`, { cause });
  }
  if (rest !== "") yield [rest];
}

function open(path: string, hash: Hash): Readable {
  const bytes = createReadStream(path, { highWaterMark: 1 << 18 });
  bytes.on("data", (chunk) => hash.update(chunk));
  // An error of either stream reaches the one that is iterated; nothing is left to do in the callback.
  if (!path.endsWith(".gz")) return bytes;
  return pipeline(bytes, createGunzip({ chunkSize: 1 << 20 }), () => {});
}

function whyUnreadable(cause: unknown): string {
  const code = errorCode(cause);
  if (code === "ENOENT") return "no such file";
  if (code.startsWith("Z_")) return `damaged gzip data (${(cause as Error).message})`;
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "not UTF-8 text";
  return (cause as Error).message;
}

function checkHeader(path: string, header: string, columns: readonly string[]): void {
  const found = withoutReturn(header).split("\t");
  const missing = columns.find((name) => !found.includes(name));
  if (missing) throw new BadFileError(`${path}:1: missing column ${missing} (the header has ${found.join(", ")})`);
  const unknown = found.find((name) => !columns.includes(name));
  if (unknown !== undefined)
    throw new BadFileError(`${path}:1: unknown column ${unknown} (declared: ${columns.join(", ")})`);
  if (found.some((name, i) => name !== columns[i]))
    throw new BadFileError(`${path}:1: columns in another order than declared (${columns.join(", ")})`);
}

function rowParser(path: string, set: DataSet): (text: string, line: number) => Row {
  const at = (name: string) => set.columns.indexOf(name);
  const label = set.labelColumn ? at(set.labelColumn) : Math.max(at("label"), at("score"));
  const isPair = isOfPairs(set);
  const [first, second] = isPair ? [at("source"), at("target")] : [at("text"), -1];
  const languageOf = languageReader(path, set);
  const splitOf = splitReader(set);
  const kind = at("fine_label");
  return (line, number) => {
    const cells = withoutReturn(line).split("\t");
    if (cells.length !== set.columns.length)
      throw new BadFileError(`${path}:${number}: ${cells.length} cells, expected ${set.columns.length}`);
    const text = cells[first] as string;
    if (text.trim() === "") throw new BadFileError(`${path}:${number}: empty ${isPair ? "source" : "text"}`);
    const language = languageOf(cells, number);
    const row = {
      split: splitOf(cells, text),
      language,
      label: label < 0 ? language : (cells[label] as string).trim(),
      text,
      dataSet: set.name,
      line: number,
      ...(kind < 0 ? {} : { kind: cells[kind] as string }),
    };
    return isPair ? { ...row, pair: cells[second] as string } : row;
  };
}

/** Without a column of languages all rows are of the one that the set names. */
function languageReader(path: string, set: DataSet): (cells: readonly string[], number: number) => string {
  const reader = (column: string) => {
    const at = set.columns.indexOf(column);
    return (cells: readonly string[], number: number) =>
      languageIn((cells[at] as string).trim(), `${path}:${number}`, column);
  };
  if (isOfPairs(set)) {
    const [from, to] = [reader("src_lang"), reader("tgt_lang")];
    return (cells, number) => `${from(cells, number)}-${to(cells, number)}`;
  }
  return set.columns.includes("lang") ? reader("lang") : () => set.languages?.[0] as string;
}

/** Whatever stands there becomes a label of language identification, and is compared with what people ask in. @throws {BadFileError} */
function languageIn(code: string, place: string, column: string): string {
  if (code === "") throw new BadFileError(`${place}: empty ${column}`);
  if (!/^[a-z]{2,3}(-|$)/.test(code))
    throw new BadFileError(`${place}: ${JSON.stringify(code)} is no language code such as en, pt-BR or zh-Hant`);
  return code;
}

/** By the text's hash where the set leaves the choice to us, so that it outlives changes of the file's order. */
function splitReader({ columns, validationShare }: DataSet): (cells: readonly string[], text: string) => string {
  const at = columns.indexOf("split");
  if (at >= 0) return (cells) => cells[at] as string;
  return (_cells, text) => (isInShare(text, validationShare ?? 0) ? "val" : "train");
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function checkHash(path: string, found: string, expected: string | undefined): void {
  if (expected && found !== expected)
    throw new BadFileError(
      `${path}: its sha256 is ${found.slice(0, 12)}…, datasets.json says ${expected.slice(0, 12)}…`,
    );
}
