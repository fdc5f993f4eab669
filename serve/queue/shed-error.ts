import { OverloadedError } from "../../src/errors.ts";
import type { ShedReason } from "../metrics/metrics.ts";

/**
 * There is no time or no room for an item with a student. It is counted by its reason where the request ends: another student may still answer,
 * or may have answered already.
 */
export class ShedError extends OverloadedError {
  readonly reason: Exclude<ShedReason, "client_left">;

  constructor(reason: ShedError["reason"], message: string, retryAfterSeconds: number) {
    super(message, retryAfterSeconds);
    this.reason = reason;
  }
}
