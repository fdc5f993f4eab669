import { distinct } from "./distinct.ts";
import type { Subjects } from "./measured.ts";
import { type Cell, percent, type Table } from "./table.ts";

/** How far confidence is from accuracy (ECE over ten bins), before and after the temperature was fitted. */
export function calibrationTable(subjects: Subjects): Table {
  const columns = [...subjects.values()];
  const tasks = distinct(columns.flatMap(({ calibration }) => calibration.map(({ task }) => task)));
  return {
    title: "Expected calibration error in %, without and with temperature",
    head: ["task", "", ...subjects.keys()],
    rows: tasks.flatMap((task): Cell[][] => {
      const own = columns.map(({ calibration }) => calibration.find((c) => c.task === task));
      return [
        [task, "without", ...own.map((c) => percent(c?.before))],
        ["", "with", ...own.map((c) => percent(c?.after))],
      ];
    }),
  };
}
