/** Lines for people. Texts of clients never go in. */
export interface Log {
  info(line: string): void;
  error(line: string): void;
}

/** Writes `2026-01-31T12:00:00.000Z info …` to a stream. */
export function createLog(out: { write(line: string): unknown }): Log {
  const write = (level: string) => (line: string) => {
    out.write(`${new Date().toISOString()} ${level} ${line.replaceAll("\n", " ")}\n`);
  };
  return { info: write("info"), error: write("error") };
}
