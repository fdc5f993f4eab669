/** The code that the system gave an error, such as ENOENT; empty for others. */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
