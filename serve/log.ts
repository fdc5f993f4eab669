import pino from "pino";
import type { Config } from "./config.ts";

type Write = "debug" | "info" | "warn" | "error";
/** Facts beside a line. Texts of clients never go in: the type has no room for a body or a list of texts. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  /** Whether lines of `debug` are written: what is asked before one is made for every request. */
  readonly debugs: boolean;
  debug(line: string, fields?: Fields): void;
  info(line: string, fields?: Fields): void;
  warn(line: string, fields?: Fields): void;
  error(line: string, fields?: Fields): void;
}

/** Should one of them get in by mistake all the same, its value does not. */
const neverLogged = ["text", "texts", "inputs", "body", "url", "query", "authorization", "apiKey", "secret", "cause"];

/** Writes a line of JSON each: `{"level":"info","time":"2026-01-31T12:00:00.000Z","msg":"…"}`. */
export function createLog(out: { write(line: string): void }, level: Config["logLevel"] = "info"): Log {
  const json = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: neverLogged, censor: "[left out]" },
    },
    out,
  );
  const write =
    (name: Write) =>
    (line: string, fields: Fields = {}) =>
      json[name](fields, line);
  return {
    debugs: json.isLevelEnabled("debug"),
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}
