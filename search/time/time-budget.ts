import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { isDiskFull } from "../../src/disk-full.ts";
import { readOwnJson } from "../../src/json-file.ts";
import { replaceFile } from "../../src/replace-file.ts";
import type { Log } from "../command/command.ts";
import type { Effort, SearchConfig } from "../config.ts";
import { ranAlone } from "../explore/run-trials.ts";
import { duration } from "../progress.ts";
import { okTrials, type Trial } from "../space/trial.ts";
import { answeringSeconds, estimate, type Prospects, partSeconds, studentSeconds, trialSeconds } from "./estimate.ts";
import { fitFactor, scaleCompletion, scaleEffort } from "./fit-effort.ts";

/**
 * `--hours`: how much is done depends on how fast this machine is, so a decision is on disk before it is acted on
 * (`runs/<id>/hours.json`), and a search that was killed takes up what had been decided. Time in which no search ran does
 * not count.
 */
const Decisions = z.strictObject({
  format: z.literal(1),
  /** What --hours said; files of before do not tell. */
  hours: z.number().positive().optional(),
  /** Of the preset's effort. */
  factor: z.number().positive(),
  /** From then on no further episode begins. */
  exploreUntilSeconds: z.number().nonnegative(),
  spentSeconds: z.number().nonnegative(),
  /** Trials after which exploring ended; null before. */
  trials: z.int().positive().nullable(),
  /** Seconds that trials took to those that trials of such architectures should have taken; 1 before the first. */
  slowness: z.number().positive(),
  /** By student: factor on the effort of its completion. */
  completions: z.record(z.string(), z.number().positive()),
});
type Decisions = z.infer<typeof Decisions>;

/** Left free, for what no estimate sees. */
const reserve = 0.07;
const savedEverySeconds = 15;

type Winner = Pick<Trial, "architecture">;

/** Fits a search into a time, as it goes. */
export interface TimeBudget {
  /** The search with the effort that was fitted to the time. */
  readonly config: SearchConfig;
  /** Whether the time for trials is over. */
  isOver(trials: number): boolean;
  /** After the trials: how long they really took. */
  learn(trials: readonly Trial[]): void;
  /** The effort for the completion of the first of `left`, so that the others get their share of the time that is left. */
  completion(name: string, left: readonly Winner[]): SearchConfig;
  close(): void;
}

/** Without `--hours`: everything as the preset has it. */
export function noTimeBudget(config: SearchConfig): TimeBudget {
  return { config, isOver: () => false, learn: () => {}, completion: () => config, close: () => {} };
}

/** @throws {BadFileError} when what was decided cannot be read. */
export function openTimeBudget(config: SearchConfig, hours: number, prospects: Prospects, log: Log): TimeBudget {
  return new FittedTime(config, hours, prospects, log);
}

/** As much of an effort as fits into the hours. */
export function fittedEffort(effort: Effort, hours: number, prospects: Prospects): { factor: number; effort: Effort } {
  const factor = round(fitFactor(usableSeconds(hours), (f) => estimate(scaleEffort(effort, f), prospects).seconds));
  return { factor, effort: scaleEffort(effort, factor) };
}

function usableSeconds(hours: number): number {
  return hours * 3600 * (1 - reserve);
}

class FittedTime implements TimeBudget {
  readonly config: SearchConfig;
  private readonly seconds: number;
  private readonly prospects: Prospects;
  private readonly log: Log;
  private readonly path: string;
  private readonly startedMs = performance.now();
  private readonly spentBefore: number;
  private readonly timer: NodeJS.Timeout;
  private decisions: Decisions;

  constructor(config: SearchConfig, hours: number, prospects: Prospects, log: Log) {
    [this.seconds, this.prospects, this.log] = [usableSeconds(hours), prospects, log];
    const folder = join(config.runs, config.id);
    mkdirSync(folder, { recursive: true });
    this.path = join(folder, "hours.json");
    const decided = read(this.path);
    if (decided?.hours !== undefined && decided.hours !== hours)
      log(`time · ${config.id} goes on as it was begun, with --hours ${decided.hours}; another --id begins anew`);
    this.decisions = decided ?? this.decide(config.effort, hours);
    this.spentBefore = this.decisions.spentSeconds;
    this.config = { ...config, effort: scaleEffort(config.effort, this.decisions.factor) };
    this.save();
    this.timer = setInterval(() => this.save(), savedEverySeconds * 1000).unref();
  }

  isOver(trials: number): boolean {
    if (this.decisions.trials !== null) return trials >= this.decisions.trials;
    if (trials === 0 || this.spentSeconds() < this.decisions.exploreUntilSeconds) return false;
    this.save({ trials });
    this.log(`time · after ${trials} trials it is time for the students`);
    return true;
  }

  learn(trials: readonly Trial[]): void {
    const { effort, threads } = this.config;
    const alone = okTrials(ranAlone(trials, threads));
    // Of the very architectures: how large they are is in every estimate, and must not count as slowness.
    const estimated = alone.map(({ architecture }) => trialSeconds(effort, this.prospects, architecture));
    const planned = estimated.reduce((sum, seconds) => sum + seconds, 0);
    const taken = alone.reduce((sum, { seconds }) => sum + seconds, 0);
    if (this.decisions.slowness === 1 && planned > 0 && taken > 0) this.save({ slowness: taken / planned });
  }

  completion(name: string, left: readonly Winner[]): SearchConfig {
    const factor = this.decisions.completions[name] ?? this.decideCompletion(left);
    this.save({ completions: { ...this.decisions.completions, [name]: factor } });
    const effort = { ...this.config.effort, ...scaleCompletion(this.config.effort, factor) };
    this.log(`time · ${name} trains on ${percent(factor)} of what was planned`);
    return { ...this.config, effort };
  }

  close(): void {
    clearInterval(this.timer);
    this.save();
  }

  private decide(effort: Effort, hours: number): Decisions {
    const { factor, effort: fitted } = fittedEffort(effort, hours, this.prospects);
    const plan = estimate(fitted, this.prospects);
    this.log(`time · ${percent(factor)} of the preset's effort, about ${duration(plan.seconds)}`);
    if (plan.seconds > this.seconds) this.log("time · that is longer than --hours says, but a search needs that much");
    const completing = partSeconds(plan, "complete");
    const exploreUntilSeconds = Math.max(0, Math.max(this.seconds, plan.seconds) - completing);
    const begun = { spentSeconds: 0, trials: null, slowness: 1, completions: {} };
    return { format: 1, hours, factor, exploreUntilSeconds, ...begun };
  }

  private decideCompletion(left: readonly Winner[]): number {
    const { effort } = this.config;
    const { slowness, completions } = this.decisions;
    // The first student's tasks wait for the teachers' answers; the others find them.
    const answering = Object.keys(completions).length === 0 ? answeringSeconds(effort, this.prospects) : 0;
    const secondsLeft = Math.max(0, this.seconds - this.spentSeconds());
    const needed = (factor: number) => {
      const scaled = { ...effort, ...scaleCompletion(effort, factor) };
      const seconds = left.map(({ architecture }) => studentSeconds(scaled, this.prospects, architecture));
      return slowness * seconds.reduce((sum, each) => sum + each, answering);
    };
    return round(fitFactor(secondsLeft, needed));
  }

  private spentSeconds(): number {
    return this.spentBefore + (performance.now() - this.startedMs) / 1000;
  }

  private save(change: Partial<Decisions> = {}): void {
    this.decisions = { ...this.decisions, ...change, spentSeconds: this.spentSeconds() };
    try {
      replaceFile(this.path, `${JSON.stringify(this.decisions)}\n`);
    } catch (error) {
      // What is decided holds all the same, as long as this process lives.
      if (!isDiskFull(error)) throw error;
    }
  }
}

function read(path: string): Decisions | null {
  if (!existsSync(path)) return null;
  return readOwnJson(path, Decisions, "not what a search with --hours decided");
}

/** Two digits: no estimate is better than that. */
function round(factor: number): number {
  return Number(factor.toPrecision(2));
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}
