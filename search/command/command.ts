import { delimiter } from "node:path";
import { parseArgs } from "node:util";
import { AppError, ConfigError } from "../../src/errors.ts";

/** A flag of a command: where its value comes from, what it means, its default. */
export interface Flag {
  readonly type: "string" | "integer" | "number" | "boolean";
  readonly doc: string;
  /** What its value is, as the help names it; the type when left out. */
  readonly value?: string;
  /** Environment variable that stands in when the flag is not given. */
  readonly env?: string;
  readonly default?: string | number | boolean;
  /** The command cannot do without it. */
  readonly required?: true;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  /** May be given several times: the value is a list, empty without one. In the environment it is divided as `PATH` is. */
  readonly multiple?: true;
}

export interface CommandSpec {
  /** As a user types it. */
  readonly name: string;
  readonly about: string;
  readonly flags: Readonly<Record<string, Flag>>;
}

// biome-ignore lint/suspicious/noExplicitAny: a flag's value has the type that its spec names; zod-like inference is not worth its weight here.
export type Flags = Readonly<Record<string, any>>;
export type Log = (line: string) => void;

/** Exit codes: 1 a failure while running, 2 a wrong flag. Ours go out as one line, an unknown error with its stack. */
export async function runCommand(spec: CommandSpec, main: (flags: Flags, log: Log) => Promise<void>): Promise<void> {
  try {
    const argv = process.argv.slice(2);
    if (argv.includes("--help") || argv.includes("-h")) return print(helpText(spec));
    await main(readFlags(spec, argv, process.env), print);
  } catch (error) {
    process.stderr.write(`${error instanceof AppError ? `error: ${error.message}` : (error as Error).stack}\n`);
    process.exitCode = error instanceof ConfigError ? 2 : 1;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Parses flags, falling back to the environment and to defaults. @throws {ConfigError} naming the flag. */
export function readFlags(spec: CommandSpec, argv: readonly string[], env: NodeJS.ProcessEnv): Flags {
  refuseKeptByNpm(spec, argv, env);
  const names = Object.entries(spec.flags);
  const options = Object.fromEntries(
    names.map(([name, { type, multiple = false }]) => {
      const parsed = type === "boolean" ? ("boolean" as const) : ("string" as const);
      return [name, { type: parsed, multiple }];
    }),
  );
  let values: Record<string, Given>;
  try {
    values = parseArgs({ args: [...argv], options, strict: true }).values as typeof values;
  } catch (cause) {
    throw new ConfigError(`${(cause as Error).message.split(". ")[0]}; ${helpHint(spec)}`, { cause });
  }
  return Object.fromEntries(names.map(([name, flag]) => [name, flagValue(spec, name, flag, values[name], env)]));
}

/** Settings of npm's own, which an `.npmrc` or the machine may have as well. So is `dry-run`, but nobody keeps that one. */
const npmsOwn: ReadonlySet<string> = new Set(["json", "production"]);

/**
 * npm takes flags before `--` for its own and hands them on in the environment: without this, `npm run search --dry-run` would search.
 * @throws {ConfigError}
 */
function refuseKeptByNpm(spec: CommandSpec, argv: readonly string[], env: NodeJS.ProcessEnv): void {
  const isGiven = (name: string) => argv.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  const isKept = (name: string) => Boolean(env[`npm_config_${name.replaceAll("-", "_")}`]) && !npmsOwn.has(name);
  const kept = Object.keys(spec.flags).find((name) => isKept(name) && !isGiven(name));
  if (kept !== undefined) throw new ConfigError(`flags go behind --: ${spec.name} -- --${kept}`);
}

function helpHint({ name }: CommandSpec): string {
  return `${name} -- --help lists the flags`;
}

type Given = string | boolean | readonly string[] | undefined;

/** An environment variable that is set to nothing counts as not set. */
function flagValue(
  spec: CommandSpec,
  name: string,
  flag: Flag,
  given: Given,
  env: NodeJS.ProcessEnv,
): string | number | boolean | readonly string[] | undefined {
  const fallback = (flag.env && env[flag.env]) || undefined;
  if (flag.multiple) {
    const parts = (given as readonly string[] | undefined) ?? fallback?.split(delimiter).filter((part) => part !== "");
    for (const part of parts ?? []) refuseTilde(name, part);
    return parts ?? [];
  }
  const raw = (given ?? fallback) as string | boolean | undefined;
  if (raw !== undefined) return parseFlag(name, flag, raw);
  if (flag.required) throw new ConfigError(`--${name} is missing; ${helpHint(spec)}`);
  return flag.default;
}

function parseFlag(name: string, flag: Flag, raw: string | boolean): string | number | boolean {
  if (typeof raw === "boolean") return raw;
  if (flag.type === "boolean") return raw !== "" && raw !== "0" && raw !== "false";
  if (flag.choices && !flag.choices.includes(raw)) {
    throw new ConfigError(`--${name} is one of ${flag.choices.join(", ")}, not "${raw}"`);
  }
  if (flag.type === "string") {
    refuseTilde(name, raw);
    return raw;
  }
  const value = Number(raw);
  const fits = raw.trim() !== "" && (flag.type === "integer" ? Number.isInteger(value) : Number.isFinite(value));
  if (!fits)
    throw new ConfigError(`--${name} is ${flag.type === "integer" ? "a whole number" : "a number"}, not "${raw}"`);
  if (atLeastOne.has(name) && value < 1) throw new ConfigError(`--${name} is at least 1, not ${raw}`);
  return value;
}

/** Flags that mean the same in every command that has them, and of which there has to be one. */
const atLeastOne: ReadonlySet<string> = new Set(["threads"]);

/** Taken as it is, it would be a folder named `~` in this one: shells leave it in quotes and behind `=`. @throws {ConfigError} */
function refuseTilde(name: string, raw: string): void {
  if (!/^~(\/|$)/.test(raw)) return;
  throw new ConfigError(`--${name}: the shell has left ~ in "${raw}" as it is; write your home folder out`);
}

export function helpText(spec: CommandSpec): string {
  const rows = Object.entries(spec.flags).map(([name, flag]) => {
    const value = flag.type === "boolean" ? "" : ` <${flag.choices?.join("|") ?? flag.value ?? flag.type}>`;
    const standard = flag.default === undefined || flag.type === "boolean" ? "" : ` (default ${flag.default})`;
    const fallback = flag.required ? " (required)" : standard;
    return `  --${name}${value}${flag.multiple ? " ..." : ""}\n      ${flag.doc}${fallback}${flag.env ? ` [${flag.env}]` : ""}`;
  });
  return `${spec.about}\n\nUsage: ${spec.name} -- [flags]\n\n${rows.join("\n")}\n  --help\n      this text`;
}
