import { AppError } from "../../src/errors.ts";

/** One that may be mended while control runs: a file that an operator is writing, a disk that is full or may not be written to. */
export function isPassing(error: unknown): error is Error {
  return error instanceof AppError || isOfSystem(error);
}

/** Errors of Node's own checks have a code too, but no number of the system's. */
export function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && "code" in error && typeof (error as NodeJS.ErrnoException).errno === "number";
}
