import { z } from "zod";
import { Declared, type ManifestTask, TaskInput, TaskName } from "../contract/manifest.ts";
import { classNumber, decide, oneHot, toLabelResult } from "./classification.ts";
import { toScoreResult } from "./scoring.ts";
import type { Labelling, Task } from "./task.ts";

/** More labels than this are not all shown: a client then reads the five likeliest. */
const mostShown = 20;
const shownOfMany = 5;

/**
 * A task that a data folder's `datasets.json` declares: no code is needed for it. Its cells are label names, or numbers
 * that count the given labels from 0; of a task with the metric `pearson` they are scores from 0 to 100.
 */
export const TaskDeclaration = z
  .strictObject({
    name: TaskName,
    /** Left out: the labels of the training rows, sorted. Of a score: the names of its low and its high end. */
    labels: z
      .array(z.string().trim().min(1))
      .min(2)
      .refine((labels) => new Set(labels).size === labels.length, "a label occurs twice")
      .optional(),
    input: TaskInput.default("text"),
    metric: Declared.shape.metric.default("macroF1"),
    /** Share of training batches, relative to other tasks. */
    weight: z.number().positive().max(100).default(2),
    /** A task such as `filter`: this one is learned wherever that one is, on the finished encoder, and changes no other task. */
    beside: TaskName.optional(),
  })
  .refine(({ beside, input }) => beside === undefined || input === "text", {
    path: ["beside"],
    message: "only tasks over single texts are learned beside another",
  })
  .refine(({ metric, labels }) => metric !== "pearson" || labels?.length === 2, {
    path: ["labels"],
    message: "a task with the metric pearson has two labels: what score 0 and what score 100 is called",
  });
export type TaskDeclaration = Readonly<z.infer<typeof TaskDeclaration>>;

export function createDeclaredTask(declaration: Omit<TaskDeclaration, "weight"> & { readonly weight?: number }): Task {
  const { name, input, metric, labels, weight, beside } = declaration;
  const route = `tasks/${name}`;
  const common = {
    ...{ name, dataTask: name, input, route, labels: labels ?? null, weight: weight ?? 1 },
    ...(beside !== undefined && { beside }),
  };
  const declared = { metric };
  return metric === "pearson"
    ? { ...common, declared, metric, ...scored }
    : { ...common, declared, metric, ...labelled };
}

/** The part of a manifest's entry that makes its task known to a server which has never heard of it. */
export function declarationOf({ declared }: Task): Pick<ManifestTask, "declared"> {
  return declared === undefined ? {} : { declared };
}

/** The same task, learned on a finished encoder. */
export function asBeside(task: Task): Task {
  return { ...task, beside: task.beside ?? task.name };
}

const labelled = {
  toLabel: (label, labels) => labels[labelIndex(label, labels)] ?? label,
  toTarget: (row, labels) => oneHot(labelIndex(row.label, labels), labels.length),
  toTruth: (row, labels) => labelIndex(row.label, labels),
  toPredicted: decide,
  toResult: (logits, task) =>
    toLabelResult(logits, task, task.labels.length > mostShown ? shownOfMany : task.labels.length),
} satisfies Partial<Task>;

/** -1 for a cell that is no label. Where labels are numbers themselves (stars from 1 to 5), a cell is none counted from 0. */
function labelIndex(cell: string, labels: readonly string[]): number {
  const index = labels.indexOf(cell);
  if (index >= 0 || labels.some((label) => /^\d+$/.test(label))) return index;
  const number = classNumber(cell);
  return number < labels.length ? number : -1;
}

const scored = {
  toTarget: (row) => {
    const share = percentOf(row) / 100;
    return share >= 0 && share <= 1 ? Float32Array.of(1 - share, share) : null;
  },
  toTruth: percentOf,
  toPredicted: (probabilities) => probabilities[1] as number,
  toResult: toScoreResult,
} satisfies Partial<Task>;

function percentOf({ label }: Labelling): number {
  return label.trim() === "" ? Number.NaN : Number(label);
}
