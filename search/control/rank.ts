import { type Architecture, architectureName } from "../../src/contract/architecture.ts";
import type { Latency, Manifest } from "../../src/contract/manifest.ts";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import { quantile } from "../../src/stats.ts";
import type { OkTrial } from "../space/trial.ts";
import type { RankedSlot, Ranking, Traffic, TrainedStudent } from "./observation.ts";

/**
 * Compares the students of a name under production: its lengths, how fast its machines are beside the manifests, and what its
 * load leaves at the daily peak. A student that has no time for a text leaves it to the faster one beside it, as servers do,
 * so what counts is the score that users get from both.
 */
export interface KnownStudent {
  readonly folder: string;
  readonly manifest: Pick<Manifest, "version" | "latency" | "maxTokens" | "architecture">;
  /** On the validation rows that it shares with the live one. */
  readonly score: number;
  readonly wasLive: boolean;
}

export interface Slot {
  readonly student: string;
  readonly budgetMs: number;
  readonly live: KnownStudent;
  readonly others: readonly KnownStudent[];
  /** Of the fastest student that answers what this one has no time for; 0 when there is none and texts are refused. */
  readonly fallbackScore: number;
}

export interface Production {
  readonly atMs: number;
  readonly lengths: Traffic["lengths"];
  readonly textsPerSecond: number;
  /** Of all servers; null where they do not tell. */
  readonly workers: number | null;
  /** Measured to predicted work, by live student. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** Share of the workers' time beyond which the wait grows past budgets. */
const busyMost = 0.85;
/** Least gain, in shares of the teacher's variance, that makes an architecture of the trials worth a search. */
const leastGain = 0.01;
/** Tokens at which searches keep their budgets. */
const budgetTokens = 32;

/** Versions that were rolled back are not put forward again. */
export function withoutRejected(slot: Slot, rejected: readonly string[]): Slot {
  return { ...slot, others: slot.others.filter(({ manifest }) => !rejected.includes(manifest.version)) };
}

export function rank(slots: readonly Slot[], trials: readonly OkTrial[], production: Production): Ranking {
  const texts = production.lengths.reduce((sum, length) => sum + length.texts, 0);
  const tokens = production.lengths.reduce((sum, length) => sum + length.tokens * length.texts, 0);
  return {
    atMs: production.atMs,
    meanTokens: tokens / texts,
    textsPerSecond: production.textsPerSecond,
    slots: slots.map((slot) => rankSlot(slot, trials, production)),
  };
}

function rankSlot(slot: Slot, trials: readonly OkTrial[], production: Production): RankedSlot {
  const ratio = ratioOf(slot.student, production);
  const roomMs = roomOf(production);
  const shareOf = (ms: number) => Math.min(1, slot.budgetMs / ms, roomMs / ms);
  const toTrained = ({ folder, manifest, score, wasLive }: KnownStudent): TrainedStudent => {
    const expectedMs = ratio * meanMs(manifest.latency.lengths, manifest.maxTokens, production);
    const share = shareOf(expectedMs);
    const worth = share * score + (1 - share) * slot.fallbackScore;
    return { folder, version: manifest.version, score, expectedMs, share, worth, wasLive };
  };
  const live = toTrained(slot.live);
  const others = slot.others.map(toTrained).sort((a, b) => b.worth - a.worth || a.expectedMs - b.expectedMs);
  const promising = findPromising(slot, trials, (trial) => shareOf(ratio * meanMs(trial.latency, 512, production)));
  const searchMs = (Math.min(slot.budgetMs, roomMs) * offlineMs(slot.live)) / live.expectedMs;
  return {
    student: slot.student,
    budgetMs: slot.budgetMs,
    roomMs: Number.isFinite(roomMs) ? roomMs : null,
    live,
    best: others[0] ?? null,
    searchBudgetMs: Number(Math.max(searchMs, promising?.latencyMs ?? 0).toPrecision(3)),
    promising: promising === null ? null : architectureName(promising.architecture),
  };
}

/** One that was not measured itself is as far off as the others are. */
function ratioOf(student: string, { ratios }: Production): number {
  const own = ratios[student];
  if (own !== undefined) return own;
  const others = Object.values(ratios);
  return others.length === 0 ? 1 : quantile(others, 0.5);
}

/** Of a text of production, by the manifest. */
function meanMs(measured: Latency["lengths"], maxTokens: number, { lengths }: Production): number {
  const latency = { lengths: measured } as Latency;
  const texts = lengths.reduce((sum, length) => sum + length.texts, 0);
  const total = lengths.reduce(
    (sum, length) => sum + length.texts * predictLatencyMs(latency, Math.min(maxTokens, length.tokens), "p50Ms"),
    0,
  );
  return total / texts;
}

/** ms of a text that the workers have, all of them together. */
function roomOf({ workers, textsPerSecond }: Production): number {
  if (workers === null || textsPerSecond === 0) return Number.POSITIVE_INFINITY;
  return (1000 * busyMost * workers) / textsPerSecond;
}

/** At the length at which searches keep their budgets, on the machine that they run on. */
function offlineMs({ manifest }: KnownStudent): number {
  return predictLatencyMs(manifest.latency, budgetTokens, "p50Ms");
}

/** The trial that promises most, where that is none of the trained ones and more than the live one promised as a trial. */
function findPromising(slot: Slot, trials: readonly OkTrial[], shareOf: (trial: OkTrial) => number): OkTrial | null {
  const nameOf = ({ architecture }: { readonly architecture: Architecture }) => architectureName(architecture);
  const promise = (trial: OkTrial) => shareOf(trial) * (1 - trial.loss);
  const trained = [slot.live, ...slot.others].map(({ manifest }) => nameOf(manifest));
  const now = trials.find((trial) => nameOf(trial) === nameOf(slot.live.manifest));
  const best = [...trials].sort((a, b) => promise(b) - promise(a))[0];
  if (now === undefined || best === undefined || promise(best) < promise(now) + leastGain) return null;
  return trained.includes(nameOf(best)) ? null : best;
}
