import { AppError } from "../src/errors.ts";

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
