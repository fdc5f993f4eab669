/** Throws when `condition` does not hold. A broken invariant is a bug of ours, never of the caller. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`${message}. This is a bug.`);
}

/** `value`, or a thrown bug when it is null or undefined. For indices that are known to be in range. */
export function must<T>(value: T | null | undefined, what = "value"): T {
  invariant(value !== null && value !== undefined, `${what} is missing`);
  return value;
}
