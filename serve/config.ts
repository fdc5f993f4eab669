import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ConfigError } from "../src/errors.ts";

interface SettingInfo {
  readonly env: string;
  readonly doc: string;
}

/** Where a setting comes from and what it means; read back by `readConfig` and `helpText`. */
const settings = z.registry<SettingInfo>();

function count(env: string, doc: string, standard: number, least = 1, most = 1_000_000_000) {
  const schema = z.coerce.number().int().min(least).max(most);
  return schema.default(standard).register(settings, { env, doc });
}

function seconds(env: string, doc: string, standard: number, least = 0) {
  const schema = z.coerce.number().min(least).max(86_400);
  return schema.default(standard).register(settings, { env, doc });
}

function text(env: string, doc: string, standard: string) {
  return z.string().min(1).default(standard).register(settings, { env, doc });
}

/** Every setting of the server: default, environment name and meaning. Nothing else reads the environment. */
const Config = z
  .strictObject({
    port: count("PORT", "port to listen on; 0 takes a free one", 8080, 0, 65_535),
    host: text("HOST", "address to listen on; 0.0.0.0 for every interface", "127.0.0.1"),
    models: text("KDNAS_MODELS", "folder of the students, watched for new ones", "models"),
    workers: count(
      "KDNAS_WORKERS",
      "threads that run students; by default one per core",
      availableParallelism(),
      1,
      256,
    ),
    queueLimit: count("KDNAS_QUEUE_LIMIT", "texts that may wait; beyond it requests get 429", 1024),
    batchTokens: count("KDNAS_BATCH_TOKENS", "tokens, padding included, of one pass through a student", 1024),
    maxItems: count("KDNAS_MAX_ITEMS", "texts in one request", 128),
    maxTokens: count("KDNAS_MAX_TOKENS", "tokens read of one text, at most the student's own limit", 512, 8),
    bodyLimitBytes: count("KDNAS_BODY_LIMIT_BYTES", "bytes of a request body", 1_048_576, 64),
    runTimeoutSeconds: seconds("KDNAS_RUN_TIMEOUT_SECONDS", "a batch that takes longer fails with 503", 30, 0.1),
    requestTimeoutSeconds: seconds("KDNAS_REQUEST_TIMEOUT_SECONDS", "a client that sends slower is cut off", 30, 1),
    pollSeconds: seconds("KDNAS_POLL_SECONDS", "looks at the models folder this often, besides watching it", 2, 0.05),
    drainDelaySeconds: seconds("KDNAS_DRAIN_DELAY_SECONDS", "goes on accepting so long after SIGTERM, not ready", 1),
    drainSeconds: seconds("KDNAS_DRAIN_SECONDS", "running requests may take so long after SIGTERM", 20),
  })
  .refine((c) => c.maxItems <= c.queueLimit, {
    path: ["maxItems"],
    message: "must not be above the queue limit, or a full request could never be admitted",
  });
export type Config = Readonly<z.infer<typeof Config>>;
type Name = keyof Config;
const names = Object.keys(Config.shape) as Name[];

/**
 * Settings from flags (`--queue-limit 64`), else from the environment, else the defaults. An empty variable is unset.
 * @throws {ConfigError} naming each wrong setting by its environment name.
 */
export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const flags = readFlags(args);
  const given = names.map((name) => [name, flags[flagOf(name)] ?? environment[infoOf(name).env]] as const);
  const parsed = Config.safeParse(Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== "")));
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(toLine).join("; "), { cause: parsed.error });
  return Object.freeze(parsed.data);
}

/** What `--help` prints. */
export function helpText(): string {
  const rows = names.map((name) => [`--${flagOf(name)}`, infoOf(name).env, defaultOf(name), infoOf(name).doc]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`);
  return ["Serves the students of a models folder over HTTP.", "", "flag, environment, default:", ...lines].join("\n");
}

function readFlags(args: readonly string[]): Record<string, string | undefined> {
  const options = Object.fromEntries(names.map((name) => [flagOf(name), { type: "string" as const }]));
  try {
    return parseArgs({ args: [...args], options, strict: true }).values as Record<string, string | undefined>;
  } catch (cause) {
    throw new ConfigError(`${(cause as Error).message.split("\n")[0]}; --help lists the settings`, { cause });
  }
}

function toLine(issue: z.core.$ZodIssue): string {
  return `${infoOf(issue.path[0] as Name).env}: ${issue.message}`;
}

function infoOf(name: Name): SettingInfo {
  return settings.get(Config.shape[name]) as SettingInfo;
}

function defaultOf(name: Name): string {
  return String(Config.shape[name].def.defaultValue);
}

function flagOf(name: Name): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
