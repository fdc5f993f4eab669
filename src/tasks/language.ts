import { decide, oneHot, toLabelResult } from "./classification.ts";
import type { Task } from "./task.ts";

/**
 * Which language a text is in, for routing a translation. The labels are the languages of the training data (ISO 639-1
 * codes, 639-3 where there is none); a row's label is its own language code. A client reads the five likeliest.
 */
export const language: Task = {
  name: "language",
  dataTask: "langid",
  input: "text",
  route: "translation/language",
  labels: null,
  metric: "accuracy",
  certain: true,
  ngrams: true,
  weight: 1,
  toTarget: (row, labels) => oneHot(labels.indexOf(row.label), labels.length),
  toTruth: (row, labels) => labels.indexOf(row.label),
  toPredicted: decide,
  toResult: (logits, task) => toLabelResult(logits, task, 5),
};
