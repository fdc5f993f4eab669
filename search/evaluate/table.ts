import { table } from "../reward/report.ts";

/** A table of the evaluation: text for people, and the same cells for programs. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  /** Numbers are percentages, but for the columns that count. */
  readonly rows: readonly (readonly Cell[])[];
}

/** Null: not measured. */
export type Cell = string | number | null;

/** A share in [0, 1] as a percentage with one decimal. */
export function percent(share: number | null | undefined): number | null {
  return share === null || share === undefined || Number.isNaN(share) ? null : Math.round(share * 1000) / 10;
}

/** Rows of the first column that was judged on some; as text, since counts are no percentages. */
export function rowCount(columns: readonly (readonly { readonly rows: number }[])[]): string {
  const judged = columns.find((own) => own.length > 0) ?? [];
  return String(judged.reduce((total, { rows }) => total + rows, 0));
}

export function tableText({ title, head, rows }: Table): string {
  return `${title}\n${table(
    head,
    rows.map((row) => row.map(cellText)),
  )}`;
}

function cellText(cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  return Number.isInteger(cell) && Math.abs(cell) > 100 ? String(cell) : cell.toFixed(1);
}
