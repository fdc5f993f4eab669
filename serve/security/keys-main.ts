import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { AppError, ConfigError } from "../../src/errors.ts";
import { readConfig } from "../config.ts";
import { createKey } from "./key.ts";
import { type KeyRecord, readKeyFile, writeKeyFile } from "./key-file.ts";
import { scopes } from "./scope.ts";

/** `npm run keys`: makes, lists and revokes API keys. A running server reads the file again by itself. */
const usage = `npm run keys -- create --name NAME --scopes ${scopes.join(",")} [--requests-per-minute N] [--expires-days N]
npm run keys -- list
npm run keys -- revoke --name NAME
The file is that of KDNAS_KEYS_FILE or --file, by default keys.json.`;

const Flags = z.object({
  file: z.string().min(1).optional(),
  name: z.string().min(1).max(100).optional(),
  scopes: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(z.enum(scopes, `expected some of ${scopes.join(", ")}`)))
    .optional(),
  "requests-per-minute": z.coerce.number().int().min(0).optional(),
  "expires-days": z.coerce.number().positive().max(36_500).optional(),
});
type Flags = z.infer<typeof Flags>;

try {
  run(process.argv.slice(2));
} catch (cause) {
  console.error(cause instanceof AppError ? `error: ${cause.message}` : cause);
  process.exitCode = cause instanceof ConfigError ? 2 : 1;
}

function run(args: readonly string[]): void {
  const { command, flags } = parse(args);
  const file = flags.file ?? (readConfig([]).keysFile || "keys.json");
  const keys = existsSync(file) ? readKeyFile(file) : [];
  if (command === "create") create(file, keys, flags);
  else if (command === "list") for (const key of keys) console.log(describe(key));
  else if (command === "revoke") revoke(file, keys, flags);
  else console.log(usage);
}

function parse(args: readonly string[]): { readonly command: string; readonly flags: Flags } {
  const options = Object.fromEntries(Object.keys(Flags.shape).map((name) => [name, { type: "string" as const }]));
  if (args.includes("--help") || args.length === 0) return { command: "help", flags: {} };
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const [command = ""] = positionals;
    if (!["create", "list", "revoke"].includes(command)) throw new ConfigError(`no such command: ${command}\n${usage}`);
    return { command, flags: Flags.parse(values) };
  } catch (cause) {
    if (cause instanceof z.ZodError)
      throw new ConfigError(cause.issues.map((i) => `--${i.path[0] as string}: ${i.message}`).join("; "), { cause });
    throw cause instanceof ConfigError ? cause : new ConfigError((cause as Error).message, { cause });
  }
}

function create(file: string, keys: readonly KeyRecord[], flags: Flags): void {
  const { name, scopes } = flags;
  if (name === undefined || scopes === undefined) throw new ConfigError("create needs --name and --scopes");
  if (keys.some((key) => key.name === name)) throw new ConfigError(`there is a key named ${name} already`);
  const days = flags["expires-days"];
  const requestsPerMinute = flags["requests-per-minute"];
  const { secret, record } = createKey({
    ...{ name, scopes },
    ...(days !== undefined && { expires: new Date(Date.now() + days * 86_400_000).toISOString() }),
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
  });
  writeKeyFile(file, [...keys, record]);
  console.log(secret);
  console.error(`This is the only time that the key is shown. ${file} holds its hash.`);
}

function revoke(file: string, keys: readonly KeyRecord[], { name }: Flags): void {
  const left = keys.filter((key) => key.name !== name);
  if (left.length === keys.length) throw new ConfigError(`revoke needs the --name of a key in ${file}`);
  writeKeyFile(file, left);
  console.error(`revoked ${name}`);
}

function describe({ id, name, scopes, created, expires, requestsPerMinute }: KeyRecord): string {
  const limit = requestsPerMinute === undefined ? "" : `  ${requestsPerMinute}/min`;
  return `${id}  ${name}  ${scopes.join(",")}  created ${created}${expires ? `  until ${expires}` : ""}${limit}`;
}
