import type { Architecture } from "../../src/contract/architecture.ts";
import { must } from "../../src/invariant.ts";
import type { Effort } from "../config.ts";
import { type LatencyModel, predictLatency } from "../reward/latency-model.ts";
import { macsPerToken } from "../space/cost.ts";
import { architectureKey, enumerate, type Space } from "../space/space.ts";
import { budgetTokens } from "../timed-lengths.ts";
import { type Throughput, trainingSeconds } from "./throughput.ts";

/** A part of a search and how long it should take. */
export interface Stage {
  readonly part: "prepare" | "explore" | "complete";
  readonly name: string;
  readonly seconds: number;
}

export interface Plan {
  readonly stages: readonly Stage[];
  /** Of all stages. */
  readonly seconds: number;
}

/** What an estimate is made for, besides its effort. */
export interface Prospects {
  readonly throughput: Throughput;
  readonly space: Space;
  readonly budgetsMs: readonly number[];
  readonly model: LatencyModel;
  /** Whether any of the tasks reads character n-grams. */
  readonly ngrams: boolean;
  /** Tasks that learn what a teacher of their own says. */
  readonly taught: number;
  /** Teachers that were fine-tuned before and are asked in the place of those; 0: there are none. */
  readonly tuned: number;
  /** What is trained for each of the budgets, in their order; null where it is searched. */
  readonly given: readonly Architecture[] | null;
  /** Whether a student without layers may be tried. */
  readonly statics: boolean;
}

/** Timing an artefact, and building it. */
const artefactSeconds = 3;
/** The same, longer, for a student that is kept, and scoring it on the validation rows. */
const exportSeconds = 20;
/** Seconds of an n-gram in training, by those of a static student's token: its row is narrow, and hundreds share a text's head. */
const ngramCost = 0.4;
/** Tokens of `<s> token </s>`. */
const vectorLength = 3;

/** Seconds of every stage. What an earlier run has left in the caches is not taken off. */
export function estimate(effort: Effort, prospects: Prospects): Plan {
  const { throughput } = prospects;
  const vectorTokens = prospects.statics ? vectorLength * effort.vectorTokens : 0;
  const stages: Stage[] = [
    stage("prepare", "fine-tune teachers", fineTuned(effort, prospects) * effort.teacherTokens * throughput.fineTune),
    stage("prepare", "vectors of tokens", vectorTokens * throughput.teacher),
    stage("prepare", "teacher's states for the trials", effort.proxyTokens * throughput.teacher),
    exploring(effort, prospects),
    stage("complete", "teachers' answers", answeringSeconds(effort, prospects)),
    ...completing(effort, prospects),
  ];
  const taken = stages.filter(({ seconds }) => seconds > 0);
  return { stages: taken, seconds: taken.reduce((sum, { seconds }) => sum + seconds, 0) };
}

/** Asking the teachers, once for all students. */
export function answeringSeconds(effort: Effort, prospects: Prospects): number {
  const teachers = fineTuned(effort, prospects) + prospects.tuned;
  return teachers * effort.softTokens * prospects.throughput.teacher;
}

/** Number of teachers that the search fine-tunes. */
function fineTuned({ teacherTokens }: Effort, { taught, tuned }: Prospects): number {
  return teacherTokens > 0 && tuned === 0 ? taught : 0;
}

/** Seconds of a part of a search. */
export function partSeconds({ stages }: Plan, part: Stage["part"]): number {
  return stages.reduce((sum, stage) => sum + (stage.part === part ? stage.seconds : 0), 0);
}

function stage(part: Stage["part"], name: string, seconds: number): Stage {
  return { part, name, seconds };
}

/** What was given is tried once each. */
function exploring(effort: Effort, prospects: Prospects): Stage {
  const tried = prospects.given === null ? middling(effort, prospects) : distinct(prospects.given);
  const seconds = tried.reduce((sum, a) => sum + trialSeconds(effort, prospects, a), 0);
  return stage("explore", `${tried.length} trials`, seconds);
}

/** An architecture that is given for several budgets is one student. */
function completing(effort: Effort, prospects: Prospects): Stage[] {
  const { given, budgetsMs } = prospects;
  const keys = given?.map(architectureKey) ?? [];
  return budgetsMs.map((ms, i) => {
    const isThere = given !== null && keys.indexOf(must(keys[i])) < i;
    const a = given === null ? largestWithin(prospects, ms) : must(given[i]);
    return stage("complete", `student of ${ms} ms`, isThere ? 0 : studentSeconds(effort, prospects, a));
  });
}

function distinct(architectures: readonly Architecture[]): Architecture[] {
  return [...new Map(architectures.map((a) => [architectureKey(a), a])).values()];
}

/** Distilling in full, then the tasks, then the artefact. */
export function studentSeconds(
  effort: Effort,
  { throughput, ngrams }: Pick<Prospects, "throughput" | "ngrams">,
  a: Architecture,
): number {
  const isStatic = a.layers === 0;
  const trained = effort.distilTokens + (isStatic ? effort.staticHeadTokens : effort.headTokens);
  const spelled = isStatic && ngrams ? effort.ngramTokens * ngramCost * throughput.base : 0;
  return effort.distilTexts * throughput.teacher + trained * trainingSeconds(throughput, a) + spelled + exportSeconds;
}

/** Distilling on the proxy set, then the artefact. */
export function trialSeconds(effort: Effort, { throughput }: Pick<Prospects, "throughput">, a: Architecture): number {
  return effort.trialTokens * trainingSeconds(throughput, a) + artefactSeconds;
}

/** In the place of trials that are not known yet: each of middling size among those that could meet a budget. */
function middling(effort: Effort, prospects: Prospects): Architecture[] {
  const fitting = within(prospects, Math.max(...prospects.budgetsMs)).sort((a, b) => macsPerToken(a) - macsPerToken(b));
  const middle = must(fitting[Math.floor(fitting.length / 2)]);
  return Array.from({ length: effort.trials }, () => middle);
}

/** The architecture that takes longest to train of those that should meet a budget. */
function largestWithin(prospects: Prospects, budgetMs: number): Architecture {
  return within(prospects, budgetMs).reduce((most, a) => (macsPerToken(a) > macsPerToken(most) ? a : most));
}

/** The fastest one when nothing should meet the budget. */
function within({ space, model }: Prospects, budgetMs: number): Architecture[] {
  const all = enumerate(space).map((a) => ({ a, ms: predictLatency(model, a, budgetTokens).ms }));
  const least = all.reduce((most, { ms }) => Math.min(most, ms), Number.POSITIVE_INFINITY);
  return all.filter(({ ms }) => ms <= Math.max(budgetMs, least)).map(({ a }) => a);
}
