import { BadFileError } from "../../src/errors.ts";
import { withoutByteOrderMark } from "../../src/json-file.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import { parseDelimited } from "./delimited.ts";
import { isInShare } from "./split.ts";

type Source = CatalogueEntry["files"][number];
type Cells = readonly string[];

/** A set in the form of a data folder: columns and rows of cells. */
export interface Converted {
  readonly columns: readonly string[];
  readonly rows: readonly Cells[];
}

/** Our rows of the originals' texts, in their order. @throws {BadFileError} for an unknown column or label. */
export function convert(entry: CatalogueEntry, originals: readonly { source: Source; text: string }[]): Converted {
  return {
    columns: columnsOf(entry),
    rows: originals.flatMap(({ source, text }) => convertFile(entry, source, text)),
  };
}

export function columnsOf({ label }: Pick<CatalogueEntry, "label">): string[] {
  return ["split", "lang", ...(label ? ["label"] : []), "text"];
}

function convertFile(entry: CatalogueEntry, source: Source, original: string): Cells[] {
  const rows = parseDelimited(withoutByteOrderMark(original), entry.format);
  const header = entry.format.header === true ? (rows.shift() ?? []) : entry.format.header;
  const column = (name: string) => {
    const at = header.indexOf(name);
    if (at < 0) throw new BadFileError(`${source.url}: no column ${name} among ${header.join(", ")}`);
    return at;
  };
  const textAt = column(entry.text);
  const toSplit = splitter(source, column);
  const toLabel = labeller(entry, source, column);
  return rows.flatMap((row, i) => {
    const text = oneLine(row[textAt] ?? "");
    return text === "" ? [] : [[toSplit(row, text), entry.language, ...toLabel(row, i), text]];
  });
}

function splitter(source: Source, column: (name: string) => number): (row: Cells, text: string) => string {
  const { split } = source;
  if (typeof split === "string") return () => split;
  // By the text's hash, so that the split outlives changes of the set's order.
  if ("validationShare" in split) return (_row, text) => (isInShare(text, split.validationShare) ? "val" : "train");
  const at = column(split.column);
  return (row) => split.values[row[at] ?? ""] ?? "test";
}

function labeller(
  entry: CatalogueEntry,
  source: Source,
  column: (name: string) => number,
): (row: Cells, i: number) => string[] {
  const { label } = entry;
  if (!label) return () => [];
  const at = column(label.column);
  return (row, i) => {
    const value = label.values[(row[at] ?? "").trim()];
    if (value === undefined)
      throw new BadFileError(`${source.url}: row ${i + 1}: ${JSON.stringify(row[at] ?? "")} is none of its labels`);
    return [value];
  };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
