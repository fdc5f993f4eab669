import { ConfigError } from "../../src/errors.ts";
import type { Flags } from "./command.ts";

/** What a flag lists with commas between, each once; undefined where it is not given. @throws {ConfigError} for an empty place */
export function listOf(flags: Flags, flag: string): readonly string[] | undefined {
  const list: string | undefined = flags[flag];
  if (list === undefined) return undefined;
  const each = list.split(",").map((one) => one.trim());
  if (each.includes(""))
    throw new ConfigError(`--${flag} is a list such as a,b with nothing left empty, not "${list}"`);
  return [...new Set(each)];
}
