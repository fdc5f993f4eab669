import { calibrationTable } from "./calibration-table.ts";
import { confusionTables, mistakeTable } from "./confusion-table.ts";
import { cutTable } from "./cut-table.ts";
import { kindTable } from "./kind-table.ts";
import { languageTables } from "./language-table.ts";
import type { Subjects } from "./measured.ts";
import { scoreTable } from "./score-table.ts";
import { summaryTable } from "./summary-table.ts";
import type { Table } from "./table.ts";

/** Everything that was measured, from the single figure to the detail; tables with nothing in them are left out. */
export function allTables(subjects: Subjects, teacher: string | null): Table[] {
  const tables = [
    summaryTable(subjects, teacher),
    scoreTable(subjects),
    ...languageTables(subjects),
    kindTable(subjects),
    cutTable(subjects),
    mistakeTable(subjects),
    ...confusionTables(subjects),
    calibrationTable(subjects),
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}
