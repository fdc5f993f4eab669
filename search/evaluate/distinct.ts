export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
