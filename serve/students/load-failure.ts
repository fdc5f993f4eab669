import { BadFileError } from "../../src/errors.ts";

/** Why a student was not loaded, as a metric tells it. */
export const loadFailureReasons = [
  /** The manifest is no manifest, or says what this server cannot serve. */
  "manifest",
  /** The manifest is of a format that a newer version writes. */
  "format",
  /** A task's labels are not those that this server knows. */
  "labels",
  /** Another folder has this name. */
  "name",
  /** A file is missing or cannot be read. */
  "missing",
  /** A file is longer, shorter or another than the manifest says. */
  "checksum",
  /** `tokenizer.json` is none that can be read. */
  "tokenizer",
  /** The runtime refuses a graph, or fails on it. */
  "graph",
  /** A graph gives another number of logits than there are labels, or its table has too few rows. */
  "shape",
  /** Its files were changed while they were read. */
  "changed",
  /** A worker was lost meanwhile. */
  "worker",
] as const;
export type LoadFailureReason = (typeof loadFailureReasons)[number];

/** A student cannot be served as it lies there. */
export class BadStudentError extends BadFileError {
  readonly reason: LoadFailureReason;

  constructor(message: string, options: ErrorOptions & { readonly reason: LoadFailureReason }) {
    super(message, options);
    this.reason = options.reason;
  }
}

/** Runs a step of loading; what it throws becomes a student's fault for this reason, unless it has one already. */
export function blame<T>(reason: LoadFailureReason, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof BadStudentError) throw cause;
    throw new BadStudentError((cause as Error).message, { reason, cause });
  }
}
