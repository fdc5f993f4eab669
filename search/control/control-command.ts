import { z } from "zod";
import { RolloutRule, standardRolloutRule } from "../../src/contract/rollout.ts";
import { ConfigError } from "../../src/errors.ts";
import { readJson } from "../../src/json-file.ts";
import { type CommandSpec, type Flags, readFlags } from "../command/command.ts";
import { searchCommand, toSearchConfig } from "../config.ts";
import { toMetricsUrl } from "./ask-servers.ts";
import { givesFeedback } from "./begin-search.ts";
import { type ControlOptions, controlFolderOf, modes } from "./control.ts";
import { ThresholdChanges, withChanges } from "./settings.ts";

export interface ControlConfig extends ControlOptions {
  readonly everySeconds: number;
  /** Windows until it ends by itself. */
  readonly windows: number;
}

export const controlCommand: CommandSpec = {
  name: "npm run control",
  about:
    "Watches servers, decides when their students should be ranked anew, searched again or replaced, and says why; does so itself\n" +
    "as far as --mode allows. Keeps what it knows in runs/control/: killed at any moment, it goes on from there.",
  flags: {
    metrics: {
      type: "string",
      value: "url",
      doc: "a server's address or its /metrics, or a Prometheus' /federate; once for each",
      multiple: true,
    },
    authorization: {
      type: "string",
      value: "header",
      doc: "Authorization header for them, as in 'Bearer kdnas_...'",
      env: "KDNAS_METRICS_AUTHORIZATION",
    },
    mode: {
      type: "string",
      doc: "observe: only say; propose: write proposals that --accept carries out; act: do it",
      choices: modes,
      default: "observe",
    },
    every: { type: "number", value: "s", doc: "length of a window", default: 60 },
    windows: { type: "integer", doc: "end after so many (default: when it is asked to)" },
    models: {
      type: "string",
      value: "folder",
      doc: "folder of the students that are served; servers follow its rollout.json",
      env: "KDNAS_MODELS",
      default: "models",
    },
    runs: {
      type: "string",
      value: "folder",
      doc: "folder of the searches; control/ in it is control's own",
      default: "runs",
    },
    search: {
      type: "string",
      value: "flags",
      doc: 'flags of npm run search for searches that it begins, as in --search="--preset full --data folder"; with --feedback folder\n      they learn from corrections; id, budgets, seed, --warm-start and --production it adds itself',
      default: "",
    },
    production: {
      type: "string",
      value: "file",
      doc: "production.json that npm run search -- --metrics wrote: what latency is in production, until control recalibrates (default: it\n      learns that itself)",
    },
    "cpu-share": {
      type: "number",
      doc: "share of all cores that a search may take, at the lowest priority",
      default: 0.5,
    },
    "shadow-share": { type: "number", doc: "share of a student's requests that a shadow answers too", default: 0.1 },
    "canary-share": { type: "number", doc: "share of a student's requests that a canary answers", default: 0.1 },
    settings: {
      type: "string",
      value: "file",
      doc: "JSON with what differs from the standard thresholds and rule (docs/control.md)",
    },
    list: { type: "boolean", doc: "show the proposals and stop", default: false },
    accept: { type: "integer", value: "number", doc: "accept a proposal and stop" },
    reject: {
      type: "integer",
      value: "number",
      doc: "reject a proposal and stop: its student is not proposed again, anything else not for six hours",
    },
  },
};

const SettingsFile = z.strictObject({
  thresholds: ThresholdChanges.optional(),
  rule: RolloutRule.partial().optional(),
});

/** @throws {ConfigError} naming the flag that is wrong. */
export function toControlConfig(flags: Flags): ControlConfig {
  for (const name of ["cpu-share", "shadow-share", "canary-share"])
    if (!(flags[name] > 0 && flags[name] <= 1))
      throw new ConfigError(`--${name} is above 0 and at most 1, not ${flags[name]}`);
  if (flags.every <= 0) throw new ConfigError(`--every is above 0, not ${flags.every}`);
  if (flags.windows !== undefined && flags.windows < 1) throw new ConfigError("--windows is at least 1");
  for (const url of flags.metrics) toMetricsUrl(url);
  const changes = flags.settings === undefined ? {} : readJson(flags.settings, SettingsFile, "not usable");
  const searchFlags = toSearchFlags(flags.search);
  return {
    mode: flags.mode,
    urls: flags.metrics,
    authorization: flags.authorization ?? null,
    everySeconds: flags.every,
    windows: flags.windows ?? Number.POSITIVE_INFINITY,
    models: flags.models,
    runs: flags.runs,
    controlFolder: controlFolderOf(flags.runs),
    searchFlags,
    production: flags.production ?? null,
    cpuShare: flags["cpu-share"],
    shadowShare: flags["shadow-share"],
    canaryShare: flags["canary-share"],
    thresholds: { ...withChanges(changes.thresholds ?? {}), givesFeedback: givesFeedback(searchFlags) },
    rule: { ...standardRolloutRule, ...(changes.rule as Partial<RolloutRule> | undefined) },
    maxAgeMs: Math.max(300_000, 3000 * flags.every),
    timeoutMs: Math.min(10_000, 1000 * flags.every),
  };
}

/** Checked at the start: a search is begun days later, when nobody looks. */
function toSearchFlags(text: string): string[] {
  const args = text.split(/\s+/).filter((part) => part !== "");
  const own = args.find((part) => /^--(production|metrics)(=|$)/.test(part));
  if (own !== undefined)
    throw new ConfigError(
      `--search: ${own.split("=")[0]} is for control itself, which tells its searches of production`,
    );
  try {
    toSearchConfig(readFlags(searchCommand, args, {}));
  } catch (cause) {
    if (cause instanceof ConfigError) throw new ConfigError(`--search: ${cause.message}`, { cause });
    throw cause;
  }
  return args;
}
