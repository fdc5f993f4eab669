/** Whose fault a failure is, told by its class. `serve/error-reply.ts` maps classes to HTTP, the commands to exit codes. */
export abstract class AppError extends Error {
  abstract override readonly name: string;
}

/** The caller sent something that does not parse or is out of bounds. */
export class InvalidInputError extends AppError {
  override readonly name = "InvalidInputError";
}

/** A setting, a flag or an environment variable is wrong; the process must not start. */
export class ConfigError extends AppError {
  override readonly name = "ConfigError";
}

/** A file on disk (data set, manifest, model, teacher) is missing, damaged or of the wrong shape. */
export class BadFileError extends AppError {
  override readonly name = "BadFileError";
}

/** No student answers to this name, or none covers this task. */
export class UnknownModelError extends AppError {
  override readonly name = "UnknownModelError";
}

/**
 * What is refused under load. It has no stack: it is thrown thousands of times a second when there is least time, and a stack takes
 * longer to write down than the rest of a refusal.
 */
export abstract class RefusalError extends AppError {
  constructor(message: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The queue is full; `retryAfterSeconds` says when it should have drained. */
export class OverloadedError extends RefusalError {
  override readonly name = "OverloadedError";
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** It cannot be answered now, but trying again helps: nothing is loaded yet, or the worker that had it was lost. */
export class UnavailableError extends AppError {
  override readonly name = "UnavailableError";
}

/** The runtime failed on an input that was valid. */
export class ModelFailedError extends AppError {
  override readonly name = "ModelFailedError";
}

/** The training of a student came to nothing by itself: a loss that is no number, memory, a full disk. */
export class TrainingFailedError extends AppError {
  override readonly name = "TrainingFailedError";
}

/** A remote party (metrics endpoint, hub) is down or answers something else than it should. */
export class UpstreamError extends AppError {
  override readonly name = "UpstreamError";
}
