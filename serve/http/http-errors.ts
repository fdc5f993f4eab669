import { AppError } from "../../src/errors.ts";

/** Failures that only HTTP knows. */

export class RouteNotFoundError extends AppError {
  override readonly name = "RouteNotFoundError";
}

export class MethodNotAllowedError extends AppError {
  override readonly name = "MethodNotAllowedError";
  /** Methods that the route answers, as in the `Allow` header. */
  readonly allow: string;

  constructor(allow: string) {
    super(`this route answers ${allow}`);
    this.allow = allow;
  }
}

export class BodyTooLargeError extends AppError {
  override readonly name = "BodyTooLargeError";
}

export class UnsupportedMediaTypeError extends AppError {
  override readonly name = "UnsupportedMediaTypeError";
}

/** The client closed the connection; nobody reads the reply. */
export class ClientLeftError extends AppError {
  override readonly name = "ClientLeftError";
}

/** There is no room for what is to be kept. */
export class StorageFullError extends AppError {
  override readonly name = "StorageFullError";
}

/** The reply that a correction is about is not remembered, or not any more. */
export class UnknownReplyError extends AppError {
  override readonly name = "UnknownReplyError";
}

/** No correction has this id. */
export class UnknownFeedbackError extends AppError {
  override readonly name = "UnknownFeedbackError";
}

/** No key, or none that is good. */
export class UnauthorizedError extends AppError {
  override readonly name = "UnauthorizedError";
}

/** The key is good, but not for this. */
export class ForbiddenError extends AppError {
  override readonly name = "ForbiddenError";
}

/** This key or address has made all the requests that it may make in this minute. */
export class RateLimitedError extends AppError {
  override readonly name = "RateLimitedError";
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The API has it, this server does not offer it. */
export class NotEnabledError extends AppError {
  override readonly name = "NotEnabledError";
}
