import { classNumber, decide, oneHot, toLabelResult } from "./classification.ts";
import type { Task } from "./task.ts";

/** Whether a text is fit to be shown. Cells are class numbers: 0 acceptable, 1 toxic. */
export const filter: Task = {
  name: "filter",
  dataTask: "filter",
  input: "text",
  labels: ["acceptable", "toxic"],
  metric: "macroF1",
  ngrams: true,
  weight: 2,
  toTarget: (row, labels) => oneHot(classNumber(row.label), labels.length),
  toTruth: (row) => classNumber(row.label),
  toPredicted: decide,
  toResult: (logits, task) => toLabelResult(logits, task),
};
