import { classNumber, decide, oneHot, toLabelResult } from "./classification.ts";
import type { Task } from "./task.ts";

/** Polarity of a text. Cells are class numbers: 0 negative, 1 neutral, 2 positive. */
export const sentiment: Task = {
  name: "sentiment",
  dataTask: "sentiment",
  input: "text",
  labels: ["negative", "neutral", "positive"],
  metric: "macroF1",
  ngrams: true,
  weight: 3,
  toTarget: (row, labels) => oneHot(classNumber(row.label), labels.length),
  toTruth: (row) => classNumber(row.label),
  toPredicted: decide,
  toResult: (logits, task) => toLabelResult(logits, task),
};
