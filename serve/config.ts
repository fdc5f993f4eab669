import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ConfigError } from "../src/errors.ts";

const logLevels = ["debug", "info", "warn", "error"] as const;

interface SettingInfo {
  readonly env: string;
  readonly doc: string;
}

/** Where a setting comes from and what it means; read back by `readConfig` and `describeSettings`. */
const settings = z.registry<SettingInfo>();

function count(env: string, doc: string, standard: number, least = 1, most = 1_000_000_000) {
  const schema = z.coerce.number().int().min(least).max(most);
  return schema.default(standard).register(settings, { env, doc });
}

function seconds(env: string, doc: string, standard: number, least = 0) {
  const schema = z.coerce.number().min(least).max(86_400);
  return schema.default(standard).register(settings, { env, doc });
}

/** An empty variable is unset, so a setting whose standard is "" is one that is off until it is given. */
function text(env: string, doc: string, standard: string) {
  return z.string().default(standard).register(settings, { env, doc });
}

function flag(env: string, doc: string) {
  return z.stringbool("expected true or false").default(false).register(settings, { env, doc });
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
    cascade: flag("KDNAS_CASCADE", "a fast student is asked first, and what it is not sure of goes to a larger one"),
    cacheEntries: count(
      "KDNAS_CACHE_ENTRIES",
      "answers that are remembered, by hashes of the texts; 0 keeps none",
      0,
      0,
    ),
    queueLimit: count("KDNAS_QUEUE_LIMIT", "texts that may wait; beyond it requests get 429", 1024),
    batchTokens: count("KDNAS_BATCH_TOKENS", "tokens, padding included, of one pass through a student", 1024),
    maxItems: count("KDNAS_MAX_ITEMS", "texts in one request", 128),
    maxTokens: count("KDNAS_MAX_TOKENS", "tokens read of one text, at most the student's own limit", 512, 8),
    bodyLimitBytes: count("KDNAS_BODY_LIMIT_BYTES", "bytes of a request body", 1_048_576, 64),
    predictTask: text(
      "KDNAS_PREDICT_TASK",
      "task of POST /predict and its like, where the request names none",
      "sentiment",
    ),
    feedback: text(
      "KDNAS_FEEDBACK",
      "folder that corrections are kept in, texts and all; without it none are taken, and no text is kept",
      "",
    ),
    feedbackLimitBytes: count(
      "KDNAS_FEEDBACK_LIMIT_BYTES",
      "bytes that the corrections may have; room is made by writing a second file, so the volume needs up to twice that",
      268_435_456,
      1024,
    ),
    feedbackReplyBytes: count(
      "KDNAS_FEEDBACK_REPLY_BYTES",
      "memory for recent replies, which corrections may name by their id; used only with a feedback folder, 0 keeps none",
      33_554_432,
      0,
    ),
    runTimeoutSeconds: seconds("KDNAS_RUN_TIMEOUT_SECONDS", "a batch that takes longer fails with 503", 30, 0.1),
    requestTimeoutSeconds: seconds("KDNAS_REQUEST_TIMEOUT_SECONDS", "a client that sends slower is cut off", 30, 1),
    pollSeconds: seconds("KDNAS_POLL_SECONDS", "looks at the models folder this often, besides watching it", 2, 0.05),
    headersTimeoutSeconds: seconds(
      "KDNAS_HEADERS_TIMEOUT_SECONDS",
      "a client whose headers take longer is cut off",
      10,
      1,
    ),
    headerLimitBytes: count("KDNAS_HEADER_LIMIT_BYTES", "bytes of a request's headers", 16_384, 1024, 1_048_576),
    maxConnections: count("KDNAS_MAX_CONNECTIONS", "connections open at once; further ones are closed", 4096),
    driftWindowSeconds: seconds(
      "KDNAS_DRIFT_WINDOW_SECONDS",
      "drift is measured over the answers of this time; 0 measures none",
      3600,
    ),
    driftReference: text(
      "KDNAS_DRIFT_REFERENCE",
      "file that traffic is compared with, as GET /admin/drift/reference gave it; without it, what students were judged on",
      "",
    ),
    keysFile: text(
      "KDNAS_KEYS_FILE",
      "file of the API keys, re-read when it changes; without it no key is asked for",
      "",
    ),
    requireKeys: flag("KDNAS_REQUIRE_KEYS", "the server does not start unless there is a key file"),
    keyRequestsPerMinute: count(
      "KDNAS_KEY_REQUESTS_PER_MINUTE",
      "requests that each key may make, unless the key file gives it a number of its own; 0 is no limit",
      0,
      0,
    ),
    addressRequestsPerMinute: count(
      "KDNAS_ADDRESS_REQUESTS_PER_MINUTE",
      "requests without a valid key that each address (of IPv6 each /64) may make; 0 is no limit",
      0,
      0,
    ),
    trustedProxies: count(
      "KDNAS_TRUSTED_PROXIES",
      "proxies in front that each add to X-Forwarded-For; with 0 that header is not believed",
      0,
      0,
      16,
    ),
    logLevel: z
      .enum(logLevels, `expected one of ${logLevels.join(", ")}`)
      .default("info")
      .register(settings, {
        env: "KDNAS_LOG_LEVEL",
        doc: `${logLevels.join(", ")}; debug has a line for every request`,
      }),
    otlpEndpoint: z
      .union([z.literal(""), z.url({ protocol: /^https?$/, error: "expected an http or https URL" })])
      .default("")
      .register(settings, {
        env: "OTEL_EXPORTER_OTLP_ENDPOINT",
        doc: "collector that traces go to by OTLP over HTTP; without it there are none",
      }),
    serviceName: text("OTEL_SERVICE_NAME", "name of this server in traces", "kdnas"),
    traceRatio: z.coerce.number().min(0).max(1).default(1).register(settings, {
      env: "OTEL_TRACES_SAMPLER_ARG",
      doc: "share of the requests that are traced, where the caller has not decided",
    }),
    drainDelaySeconds: seconds("KDNAS_DRAIN_DELAY_SECONDS", "goes on accepting so long after SIGTERM, not ready", 1),
    drainSeconds: seconds("KDNAS_DRAIN_SECONDS", "running requests may take so long after SIGTERM", 20),
  })
  .refine((c) => c.maxItems <= c.queueLimit, {
    path: ["maxItems"],
    message: "must not be above the queue limit, or a full request could never be admitted",
  })
  .refine((c) => c.keysFile !== "" || !c.requireKeys, {
    path: ["requireKeys"],
    message: "keys are required, and KDNAS_KEYS_FILE names no file of them",
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

/** The API key that commands show a server where no flag gives one, since others see a machine's command lines. */
export function keyFrom(environment: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  return environment.KDNAS_KEY || undefined;
}

/** A setting as people read of it. */
export interface SettingText {
  readonly flag: string;
  readonly env: string;
  readonly standard: string;
  readonly doc: string;
}

export function describeSettings(): SettingText[] {
  return names.map((name) => ({ flag: `--${flagOf(name)}`, standard: defaultOf(name), ...infoOf(name) }));
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

/** As on every machine: the number of cores of this one would not be that of the next. */
function defaultOf(name: Name): string {
  const standard = String(Config.shape[name].def.defaultValue);
  if (name === "workers") return "cores";
  return standard === "" ? "none" : standard;
}

function flagOf(name: Name): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
