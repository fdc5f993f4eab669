import { ConfigError } from "../src/errors.ts";
import { type BudgetFlags, toBudgets } from "./command/budgets-flag.ts";
import type { CommandSpec, Flags } from "./command/command.ts";
import { dataFlag } from "./command/data-flag.ts";
import { listOf } from "./command/list-flag.ts";
import { modelsFlag } from "./command/models-flag.ts";
import { precisionFlag } from "./command/precision-flag.ts";
import { type MetricsSource, productionFlags, toMetricsSource } from "./command/production-flags.ts";
import { teacherFlags, toTunedTeachers } from "./command/teacher-flags.ts";
import { type ControllerKind, controllerKinds } from "./controller/controller.ts";
import type { Limits } from "./corpus/limits.ts";
import type { TransferKind } from "./distil/transfer.ts";
import type { StepPrecision } from "./student/training-graph.ts";

/** How much a search does. Few dials: what can be measured is not a setting. */
export interface Effort {
  /** Architectures distilled on the proxy set. */
  readonly trials: number;
  /** Trials a round of the controller. */
  readonly trialsPerEpisode: number;
  /** Tokens of the proxy set, and tokens a trial trains on. */
  readonly proxyTokens: number;
  readonly trialTokens: number;
  /** The same for the winners. */
  readonly distilTexts: number;
  readonly distilTokens: number;
  /** Tokens of task training, for students with layers and for static ones. */
  readonly headTokens: number;
  readonly staticHeadTokens: number;
  /** Character n-grams that static students train on, for the tasks that read them. */
  readonly ngramTokens: number;
  /** Tokens that a teacher of each task is fine-tuned on, for soft targets; 0: there is none. */
  readonly teacherTokens: number;
  /** Tokens of the texts that each of them is asked about. */
  readonly softTokens: number;
  /** Tokens, the most frequent first, whose contextless vectors static students start from. */
  readonly vectorTokens: number;
  /** How much of the data is read, where it differs from the defaults. */
  readonly limits: Partial<Limits>;
}

export const presetNames = ["smoke", "quick", "full"] as const;
type PresetName = (typeof presetNames)[number];

/**
 * `smoke` is only to see the parts move; `quick` shows every step on what comes with the project, within five minutes; `full` is for
 * students to be served.
 */
export const presets: Readonly<Record<PresetName, Effort>> = {
  smoke: {
    trials: 3,
    trialsPerEpisode: 2,
    proxyTokens: 2_000,
    trialTokens: 2_000,
    distilTexts: 4_000,
    distilTokens: 4_000,
    headTokens: 8_000,
    staticHeadTokens: 40_000,
    ngramTokens: 100_000,
    teacherTokens: 0,
    softTokens: 0,
    vectorTokens: 500,
    limits: { labelledPerLanguage: 20, validationPerLanguage: 10, languagePerLanguage: 4, unlabelledPerLanguage: 4 },
  },
  quick: {
    trials: 4,
    trialsPerEpisode: 2,
    proxyTokens: 8_000,
    trialTokens: 12_000,
    distilTexts: 16_000,
    distilTokens: 30_000,
    headTokens: 60_000,
    staticHeadTokens: 600_000,
    ngramTokens: 3_000_000,
    teacherTokens: 0,
    softTokens: 0,
    vectorTokens: 12_000,
    limits: { languagePerLanguage: 60, unlabelledPerLanguage: 40 },
  },
  full: {
    trials: 14,
    trialsPerEpisode: 2,
    proxyTokens: 80_000,
    trialTokens: 160_000,
    distilTexts: 900_000,
    distilTokens: 2_000_000,
    headTokens: 14_000_000,
    staticHeadTokens: 40_000_000,
    ngramTokens: 400_000_000,
    teacherTokens: 3_000_000,
    softTokens: 8_000_000,
    vectorTokens: 120_000,
    // More texts did more than more passes: static student, 6,000 to 20,000 rows a set, UMSAB 58.5 to 59.7, sentiment sets 55.8 to 58.3.
    // Three times the default of languages, for n-grams: with as many draws they see each text less often.
    limits: { labelledPerLanguage: 20_000, languagePerLanguage: 3000, poolPerLanguage: 6000 },
  },
};

export interface SearchConfig extends BudgetFlags {
  readonly id: string;
  readonly preset: PresetName;
  readonly effort: Effort;
  /** Time for all of it; null: as long as the effort takes. */
  readonly hours: number | null;
  readonly teacher: string;
  /** Data folders; none: the sample. */
  readonly data: readonly string[];
  /** Tasks to train; null: those that the data folders are for. */
  readonly tasks: readonly string[] | null;
  /** What students are called; null: after their tasks. */
  readonly name: string | null;
  readonly models: string;
  readonly runs: string;
  readonly controller: ControllerKind;
  /** Folders of teachers that were fine-tuned before. */
  readonly tunedTeachers: readonly string[];
  /** What of the teacher's layers students imitate. */
  readonly transfer: TransferKind;
  readonly seed: number;
  readonly threads: number;
  /** Of training steps. */
  readonly precision: StepPrecision;
  /** Folder of an earlier run whose trials the controller learns from. */
  readonly warmStart: string | null;
  /** Where production's metrics are read from; no URL: they are not. */
  readonly metrics: MetricsSource;
  /** What an earlier `--metrics` learned: budgets are then of that traffic. */
  readonly production: string | null;
  /** Corrections that finished students are fine-tuned on. */
  readonly feedback: string | null;
  readonly promote: "better" | "never";
  readonly dryRun: boolean;
}

export const searchCommand: CommandSpec = {
  name: "npm run search",
  about:
    "Searches students for latency budgets, distils the winners from the teacher and puts them into models/.\n" +
    "Resumes: the same command goes on where a killed one stopped, and loses at most the running trials.",
  flags: {
    preset: {
      type: "string",
      doc:
        "how much to do: full is for students to be served, quick shows every step within minutes,\n" +
        "      smoke is only to see the parts move",
      choices: presetNames,
      default: "full",
    },
    data: dataFlag,
    tasks: {
      type: "string",
      value: "name,name",
      doc: "train these tasks only (default: those that the data folders have labelled sets of)",
    },
    budgets: {
      type: "string",
      value: "ms,ms",
      doc: "latency budgets at 32 tokens, one thread, int8; a student for each",
      default: "0.1,1,3",
    },
    architectures: {
      type: "string",
      value: "name,name",
      doc:
        "train these instead of searching, one for each budget in the order of --budgets, such as\n" +
        "      static-e256,2x312-ffn312-h12-relu-e256: for students that an earlier search found, on other data or for longer",
    },
    ...teacherFlags,
    controller: { type: "string", doc: "what proposes architectures", choices: controllerKinds, default: "bayesian" },
    "warm-start": {
      type: "string",
      value: "runs/name",
      doc: "folder of an earlier run: the controller learns from its trials first",
    },
    trials: { type: "integer", doc: "architectures to distil on the proxy set (default: the preset's)" },
    hours: {
      type: "number",
      value: "h",
      doc:
        "time for all of it: the preset's tokens and trials are scaled to what this machine can do in it, measured at the start\n" +
        "      and again after the trials. What was decided is kept with the run: a killed search goes on by it, with the time\n" +
        "      that is left",
    },
    id: { type: "string", value: "name", doc: "name of the run (default: preset and seed, as in full-seed1)" },
    seed: { type: "integer", doc: "seed of everything random", default: 1 },
    threads: {
      type: "integer",
      doc: "threads for training; trials of a round that are of like size share them, side by side",
      default: 2,
    },
    precision: precisionFlag,
    name: {
      type: "string",
      doc: "what students are called before their budget, as in name-1.2ms (default: budget, or the tasks that the data declare)",
    },
    models: modelsFlag,
    runs: { type: "string", value: "folder", doc: "folder for journals, candidates and caches", default: "runs" },
    feedback: {
      type: "string",
      value: "folder|file",
      doc:
        "corrections that a server kept (its KDNAS_FEEDBACK) or exported: finished students are fine-tuned on them, and stay\n" +
        "      as they were where that costs other data more than half a point or gains nothing",
    },
    promote: {
      type: "string",
      doc: "whether a better student replaces the one in models/",
      choices: ["better", "never"],
      default: "better",
    },
    ...productionFlags,
    "dry-run": {
      type: "boolean",
      doc: "say what would be done and how long it takes, by some seconds of measuring this machine, and stop",
      default: false,
    },
  },
};

/** @throws {ConfigError} naming the flag that is wrong. */
export function toSearchConfig(flags: Flags): SearchConfig {
  if (flags.trials !== undefined && flags.trials < 1)
    throw new ConfigError(`--trials is at least 1, not ${flags.trials}`);
  const preset = flags.preset as SearchConfig["preset"];
  const id = flags.id ?? `${preset}-seed${flags.seed}`;
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(id))
    throw new ConfigError(`--id is letters, digits, dots and dashes, not "${id}"`);
  if (flags.hours !== undefined && flags.hours <= 0) throw new ConfigError(`--hours is above 0, not ${flags.hours}`);
  const name = flags.name ?? null;
  if (name !== null && !/^[a-z0-9][a-z0-9-]*$/.test(name))
    throw new ConfigError(`--name is lower-case letters, digits and dashes, not "${name}"`);
  return {
    id,
    name,
    preset,
    effort: {
      ...presets[preset],
      ...(flags.trials === undefined ? {} : { trials: flags.trials }),
      ...(flags["soft-targets"] ? {} : { teacherTokens: 0, softTokens: 0 }),
    },
    hours: flags.hours ?? null,
    teacher: flags.teacher,
    data: flags.data,
    tasks: listOf(flags, "tasks") ?? null,
    models: flags.models,
    runs: flags.runs,
    ...toBudgets(flags),
    controller: flags.controller,
    tunedTeachers: toTunedTeachers(flags, presets[preset].softTokens),
    transfer: flags.transfer,
    seed: flags.seed,
    threads: flags.threads,
    precision: flags.precision,
    warmStart: flags["warm-start"] ?? null,
    metrics: toMetricsSource(flags),
    production: flags.production ?? null,
    feedback: flags.feedback ?? null,
    promote: flags.promote,
    dryRun: flags["dry-run"],
  };
}
