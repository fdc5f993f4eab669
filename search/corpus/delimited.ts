import { must } from "../../src/invariant.ts";

/** How the original of a public set is written down. */
export interface DelimitedFormat {
  /** Between cells; null: a line is a cell. */
  readonly delimiter: string | null;
  /** Whether cells may stand in double quotes, with `""` for a quote and line breaks inside (RFC 4180). */
  readonly quotes: boolean;
}

/** The rows of a delimited text, cells as written. Blank lines are left out. */
export function parseDelimited(text: string, format: DelimitedFormat): string[][] {
  if (!format.quotes) {
    const { delimiter } = format;
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
    return lines.map((line) => (delimiter === null ? [line] : line.split(delimiter)));
  }
  return parseQuoted(text, format.delimiter ?? ",");
}

function parseQuoted(text: string, delimiter: string): string[][] {
  // To a regular expression a bar is a choice and a dot is anything.
  const plainly = delimiter.replace(/[^\w\s]/, "\\$&");
  // A cell that only starts with a quote is taken as it is, and so is a carriage return that ends no line.
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|((?:[^${plainly}\\r\\n]|\\r(?!\\n))*))(${plainly}|\\r?\\n|$)`, "gy");
  const rows: string[][] = [];
  let row: string[] = [];
  while (cell.lastIndex < text.length) {
    const [, quoted, plain, end] = must(cell.exec(text), "a cell");
    row.push(quoted?.replaceAll('""', '"') ?? must(plain));
    if (end === delimiter) continue;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push([...row, ""]);
  return rows;
}
