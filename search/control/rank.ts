import { type Architecture, architectureName } from "../../src/contract/architecture.ts";
import type { Latency, Manifest } from "../../src/contract/manifest.ts";
import { predictLatencyMs } from "../../src/contract/predict-latency.ts";
import { quantile } from "../../src/stats.ts";
import type { OkTrial } from "../space/trial.ts";
import type { RankedSlot, Ranking, Traffic, TrainedStudent } from "./observation.ts";

/**
 * Compares the students of a name under production: its lengths, how fast its machines are beside the manifests, and what its
 * load leaves. One that is live stays within wider limits than one that comes must keep, so that the two do not take turns.
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

/** Share of the budget and of the workers' time that a student may take: to stay, and to come. */
const staying = { budget: 1, workers: 0.8 };
const coming = { budget: 0.9, workers: 0.6 };
/** Least fall of the loss that makes an architecture of the trials worth a search. */
const leastFall = 0.01;
/** Tokens at which searches keep their budgets. */
const budgetTokens = 32;

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
  const toTrained = ({ folder, manifest, score, wasLive }: KnownStudent): TrainedStudent => ({
    folder,
    version: manifest.version,
    score,
    expectedMs: ratio * meanMs(manifest.latency.lengths, manifest.maxTokens, production),
    wasLive,
  });
  const fits = (ms: number, limits: typeof staying) =>
    ms <= limits.budget * slot.budgetMs && ms <= roomOf(production, limits.workers);
  const live = toTrained(slot.live);
  const others = slot.others.map(toTrained).filter(({ expectedMs }) => fits(expectedMs, coming));
  const room = roomOf(production, coming.workers);
  return {
    student: slot.student,
    budgetMs: slot.budgetMs,
    roomMs: Number.isFinite(room) ? room : null,
    live,
    liveFits: fits(live.expectedMs, staying),
    best: others.sort((a, b) => b.score - a.score || a.expectedMs - b.expectedMs)[0] ?? null,
    searchBudgetMs: searchBudget(slot, live, room),
    promising: findPromising(slot, trials, (trial) => fits(ratio * meanMs(trial.latency, 512, production), coming)),
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

/** ms of a text that the workers have, all of them together, when each may be busy for this share of the time. */
function roomOf({ workers, textsPerSecond }: Production, share: number): number {
  return workers === null || textsPerSecond === 0
    ? Number.POSITIVE_INFINITY
    : (1000 * share * workers) / textsPerSecond;
}

/** Searches keep a budget at one length on this machine: what it takes for production to keep its own, to two digits. */
function searchBudget({ budgetMs, live: { manifest } }: Slot, live: TrainedStudent, room: number): number {
  const offline = predictLatencyMs(manifest.latency, budgetTokens, "p50Ms");
  const wanted = Math.min(coming.budget * budgetMs, room) * (offline / live.expectedMs);
  return Number(wanted.toPrecision(2));
}

/** Name of the best architecture that fits and is none of the trained ones; it must be better than the live one was as a trial. */
function findPromising(slot: Slot, trials: readonly OkTrial[], fits: (trial: OkTrial) => boolean): string | null {
  const nameOf = ({ architecture }: { readonly architecture: Architecture }) => architectureName(architecture);
  const trained = [slot.live, ...slot.others].map(({ manifest }) => nameOf(manifest));
  const now = trials.find((trial) => nameOf(trial) === nameOf(slot.live.manifest));
  const best = trials.filter(fits).sort((a, b) => a.loss - b.loss)[0];
  if (now === undefined || best === undefined || best.loss > now.loss - leastFall) return null;
  return trained.includes(nameOf(best)) ? null : nameOf(best);
}
